//! The plain XML of v2: one root, leaf elements below it, nothing else. Everything that XML has beyond
//! that is refused before any value is used 「关于XML解析存在的安全问题指引」.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use crate::Refusal;
use crate::grammar::malformed;

/// Elements that a document may have; real ones have some thirty.
const ELEMENTS_MAX: usize = 512;

/// The first-level elements of a document that are not empty, by name.
#[derive(Debug)]
pub(super) struct Elements<'a>(Vec<(String, Cow<'a, str>)>);

impl<'a> Elements<'a> {
    /// The value of an element; one that is empty counts as absent, as it does for the sign.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let at = self
            .0
            .binary_search_by(|(own, _)| own.as_str().cmp(name))
            .ok()?;
        self.0.get(at).map(|(_, value)| value.as_ref())
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or(malformed(name, "text"))
    }

    /// Name and value, in the byte order of the names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_ref()))
    }
}

/// Reads a document whose root is called `root`.
pub(super) fn parse<'a>(document: &'a [u8], root: &str) -> Result<Elements<'a>, Refusal> {
    let text = std::str::from_utf8(document).map_err(|_invalid| refused("UTF-8"))?;
    if !is_xml_text(text) {
        return Err(refused("characters that XML allows"));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut parser = Parser {
        root,
        place: Place::Start,
        found: Vec::with_capacity(32),
    };
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return parser.finish(),
            Ok(event) => parser.take(event)?,
            Err(_error) => return Err(refused("well-formed XML")),
        }
    }
}

/// Where in the document the reader stands.
enum Place<'a> {
    /// Before anything at all; only here may the declaration stand.
    Start,
    /// Before the root.
    BeforeRoot,
    /// Between the elements.
    InRoot,
    /// Within one element, with its value so far.
    InElement(String, Cow<'a, str>),
    /// Past the root.
    AfterRoot,
}

struct Parser<'a, 'r> {
    root: &'r str,
    place: Place<'a>,
    found: Vec<(String, Cow<'a, str>)>,
}

impl<'a> Parser<'a, '_> {
    fn take(&mut self, event: Event<'a>) -> Result<(), Refusal> {
        match event {
            Event::Decl(declaration) => self.declaration(&declaration),
            Event::Start(tag) => self.open(name_of(&tag)?),
            Event::Empty(tag) => {
                self.open(name_of(&tag)?)?;
                self.close();
                Ok(())
            }
            Event::End(_) => {
                self.close();
                Ok(())
            }
            Event::Text(text) => self.text(text.xml10_content()),
            Event::CData(text) => self.value(text.xml10_content()),
            Event::GeneralRef(reference) => {
                self.value(Cow::Owned(resolve(&reference)?.to_string()))
            }
            Event::Comment(_) => self.comment(),
            Event::DocType(_) | Event::PI(_) => {
                Err(refused("no DOCTYPE and no processing instruction"))
            }
            Event::Eof => Ok(()),
        }
    }

    fn declaration(&mut self, declaration: &BytesDecl<'_>) -> Result<(), Refusal> {
        let at_start = matches!(self.place, Place::Start);
        let utf8 = match declaration.encoding() {
            None => true,
            Some(Ok(encoding)) => encoding.eq_ignore_ascii_case("utf-8"),
            Some(Err(_)) => false,
        };
        self.place = Place::BeforeRoot;
        if at_start && utf8 {
            Ok(())
        } else {
            Err(refused("a declaration of UTF-8 at the start, or none"))
        }
    }

    fn open(&mut self, name: &str) -> Result<(), Refusal> {
        self.place = match self.place {
            Place::Start | Place::BeforeRoot if name == self.root => Place::InRoot,
            Place::Start | Place::BeforeRoot => {
                return Err(refused("its root element alone at the top"));
            }
            Place::InRoot if self.found.len() == ELEMENTS_MAX => {
                return Err(refused("at most 512 elements"));
            }
            Place::InRoot => Place::InElement(name.to_owned(), Cow::Borrowed("")),
            Place::InElement(..) => return Err(refused("no element within an element")),
            Place::AfterRoot => return Err(refused("nothing after the root element")),
        };
        Ok(())
    }

    fn close(&mut self) {
        self.place = match std::mem::replace(&mut self.place, Place::AfterRoot) {
            Place::InElement(name, value) => {
                self.found.push((name, value));
                Place::InRoot
            }
            Place::Start | Place::BeforeRoot | Place::InRoot | Place::AfterRoot => Place::AfterRoot,
        };
    }

    fn text(&mut self, text: Cow<'a, str>) -> Result<(), Refusal> {
        if text.contains(']') && text.contains("]]>") {
            return Err(refused("well-formed XML"));
        }
        let is_space = |text: &str| {
            text.bytes()
                .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        };
        match self.place {
            Place::InElement(..) => self.value(text),
            Place::Start if is_space(&text) => {
                self.place = Place::BeforeRoot;
                Ok(())
            }
            Place::BeforeRoot | Place::InRoot | Place::AfterRoot if is_space(&text) => Ok(()),
            Place::Start | Place::BeforeRoot | Place::InRoot | Place::AfterRoot => {
                Err(refused("text within elements alone"))
            }
        }
    }

    fn value(&mut self, piece: Cow<'a, str>) -> Result<(), Refusal> {
        match &mut self.place {
            Place::InElement(_, value) if value.is_empty() => *value = piece,
            Place::InElement(_, value) => value.to_mut().push_str(&piece),
            Place::Start | Place::BeforeRoot | Place::InRoot | Place::AfterRoot => {
                return Err(refused("text within elements alone"));
            }
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), Refusal> {
        match self.place {
            Place::InElement(..) => Err(refused("no comment within an element")),
            Place::Start => {
                self.place = Place::BeforeRoot;
                Ok(())
            }
            Place::BeforeRoot | Place::InRoot | Place::AfterRoot => Ok(()),
        }
    }

    /// Sorts what was found; names come once, empty values count until then and are dropped after.
    fn finish(mut self) -> Result<Elements<'a>, Refusal> {
        if !matches!(self.place, Place::AfterRoot) {
            return Err(refused("its root element, whole"));
        }
        self.found
            .sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if self
            .found
            .array_windows()
            .any(|[(one, _), (other, _)]| one == other)
        {
            return Err(refused("each element once"));
        }
        self.found.retain(|(_, value)| !value.is_empty());
        Ok(Elements(self.found))
    }
}

/// The name of an element that has one by the grammar and no attributes: the signed string joins names
/// and values by `=` and `&`, so neither may lie in a name.
fn name_of<'t>(tag: &'t BytesStart<'_>) -> Result<&'t str, Refusal> {
    let name = tag.name().into_inner();
    let starts_well = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if !starts_well
        || name.len() > 64
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    {
        return Err(refused(
            "element names of 1 to 64 characters of 0-9A-Za-z_.-",
        ));
    }
    if tag.attributes_raw().trim().is_empty() {
        Ok(name)
    } else {
        Err(refused("no attributes"))
    }
}

/// The character that a reference stands for: one of the five predefined, or by its number.
fn resolve(reference: &BytesRef<'_>) -> Result<char, Refusal> {
    const EXPECTED: &str = "predefined entities and character references alone";
    match &**reference {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => match reference.resolve_char_ref() {
            Ok(Some(character)) if is_xml_char(character) => Ok(character),
            Ok(_) | Err(_) => Err(refused(EXPECTED)),
        },
    }
}

/// Whether XML 1.0 allows every character; most texts are told by their bytes alone.
fn is_xml_text(text: &str) -> bool {
    let has_control = text
        .bytes()
        .any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'));
    // U+FFFE and U+FFFF start with this byte in UTF-8.
    let may_have_noncharacters = text.as_bytes().contains(&0xEF);
    !has_control && (!may_have_noncharacters || text.chars().all(is_xml_char))
}

/// What XML 1.0 allows as a character.
fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn refused(expected: &'static str) -> Refusal {
    Refusal::XmlRefused { expected }
}
