//! Keeps the views up with the feed, synchronously: a stretch of the feed goes in, and each view that
//! has come to its beginning is brought to its end. Who reads the feed, on which thread and how often,
//! is the caller's; see `follow` for a future that does.

use std::path::PathBuf;
use std::sync::Arc;

use payfold_store::{Position, Recorded};
use tokio::sync::watch;
use uuid::Uuid;

use crate::daily_report::DailyReport;
use crate::error::ViewError;
use crate::exceptions::Exceptions;
use crate::feed::{self, Fed};
use crate::open_work::OpenWork;
use crate::orders::Orders;
use crate::reader::{Source, ViewReader};
use crate::shipments::Shipments;
use crate::standing::{Standing, ViewStanding};
use crate::view::View;
use crate::view_file::{self, Checkpoint, Place, Stage, ViewFile};
use crate::views::{RebuildWishes, Views};

/// Keeps the views up with the feed.
pub struct Runner {
    home: Home,
    slots: Vec<Slot>,
    standing: watch::Sender<Standing>,
    wishes: Arc<RebuildWishes>,
    turn: Turn,
    retired: Vec<Retired>,
}

/// Where the views are kept, and of which store they are.
struct Home {
    place: Place,
    store_id: Uuid,
}

/// Whose turn it is where generations have come differently far: those behind must not keep those in
/// front from following, nor the other way round.
#[derive(Clone, Copy)]
enum Turn {
    Front,
    Rear,
}

impl Runner {
    /// Opens the views of that store, and begins those anew that are missing, damaged, foreign or of
    /// another form.
    pub fn open(place: Place, store_id: Uuid) -> Result<(Self, Views), ViewError> {
        let home = Home { place, store_id };
        let mut slots = Vec::new();
        let mut open = |view| -> Result<Arc<ViewReader>, ViewError> {
            let slot = Slot::open(&home, view)?;
            let reader = Arc::clone(&slot.reader);
            slots.push(slot);
            Ok(reader)
        };
        let standing = watch::Sender::new(Standing::default());
        let wishes = Arc::new(RebuildWishes::default());
        let views = Views {
            orders: Orders::new(open(View::Orders)?),
            shipments: Shipments::new(open(View::Shipments)?),
            daily_report: DailyReport::new(open(View::DailyReport)?),
            exceptions: Exceptions::new(open(View::Exceptions)?),
            open_work: OpenWork::new(open(View::OpenWork)?),
            standing: standing.subscribe(),
            wishes: Arc::clone(&wishes),
        };
        let runner = Self {
            home,
            slots,
            standing,
            wishes,
            turn: Turn::Front,
            retired: Vec::new(),
        };
        runner.publish();
        Ok((runner, views))
    }

    /// Where to read the feed next, in a store whose last event is at `tip`; `None` where every view has
    /// come that far. Generations that have come differently far take turns. Here rebuilds begin that
    /// were asked for, or that a damaged file needs.
    pub fn next_read(&mut self, tip: Position) -> Result<Option<Position>, ViewError> {
        self.tend()?;
        let behind = self
            .slots
            .iter()
            .flat_map(Slot::generations)
            .map(|file| file.checkpoint().position)
            .filter(|position| *position < tip);
        let (next, turn) = match self.turn {
            Turn::Front => (behind.max(), Turn::Rear),
            Turn::Rear => (behind.min(), Turn::Front),
        };
        self.turn = turn;
        Ok(next)
    }

    /// Folds a stretch of the feed: the events after `after` up to `read_to`, without a hole. Each view
    /// that has come at least to `after` comes to `read_to`, in one transaction of its own; the others
    /// stay where they are. Where one fails the others go on, and the same stretch may be given again.
    pub fn apply(
        &mut self,
        after: Position,
        recorded: &[Recorded],
        read_to: Position,
    ) -> Result<(), ViewError> {
        let stretch = Stretch {
            after,
            events: &feed::decode(recorded),
            recorded,
            read_to,
        };
        let mut failed = None;
        for slot in &mut self.slots {
            if let Err(error) = slot.apply(&stretch, &self.home, &mut self.retired) {
                failed = Some(error);
            }
        }
        let tended = self.tend();
        match failed {
            Some(error) => Err(error),
            None => tended,
        }
    }

    /// Whether a view is being built again.
    pub fn is_building(&self) -> bool {
        self.slots.iter().any(|slot| slot.building.is_some())
    }

    /// Begins to build a view again, while the generation at hand answers. One that is being built
    /// already goes on.
    pub fn begin_rebuild(&mut self, view: View) -> Result<(), ViewError> {
        for slot in self.slots.iter_mut().filter(|slot| slot.view == view) {
            slot.begin_building(&self.home)?;
        }
        self.publish();
        Ok(())
    }

    /// How far each serving view has come, to be held against the store.
    pub(crate) fn checkpoints(&self) -> Vec<(View, Checkpoint)> {
        self.slots
            .iter()
            .map(|slot| (slot.view, slot.serving.checkpoint()))
            .collect()
    }

    /// Begins a view anew, at once: what it holds is not of this store.
    pub(crate) fn discard(&mut self, view: View) -> Result<(), ViewError> {
        for slot in self.slots.iter_mut().filter(|slot| slot.view == view) {
            self.retired.push(slot.begin_anew(&self.home)?);
        }
        self.publish();
        Ok(())
    }

    pub(crate) fn wishes(&self) -> Arc<RebuildWishes> {
        Arc::clone(&self.wishes)
    }

    /// Begins what was asked for, replaces what readers found damaged, lets finished generations serve,
    /// removes what nobody reads any more, and tells how far the views have come.
    fn tend(&mut self) -> Result<(), ViewError> {
        for slot in &mut self.slots {
            if self.wishes.has(slot.view) {
                slot.begin_building(&self.home)?;
                self.wishes.grant(slot.view);
            }
            if slot.reader.is_found_damaged() {
                self.retired.push(slot.begin_anew(&self.home)?);
            }
            self.retired.extend(slot.serve_finished()?);
        }
        self.publish();
        self.remove_unread()
    }

    fn publish(&self) {
        let mut now = Standing::default();
        for slot in &self.slots {
            now.set(slot.view, slot.standing());
        }
        self.standing.send_if_modified(|standing| {
            let changed = *standing != now;
            *standing = now;
            changed
        });
    }

    fn remove_unread(&mut self) -> Result<(), ViewError> {
        let (unread, read): (Vec<_>, Vec<_>) = std::mem::take(&mut self.retired)
            .into_iter()
            .partition(|retired| Arc::strong_count(&retired.source) == 1);
        self.retired = read;
        for Retired { source, path } in unread {
            drop(source);
            if let Some(path) = path {
                view_file::remove(&path)?;
            }
        }
        Ok(())
    }
}

/// A stretch of the feed.
struct Stretch<'a> {
    after: Position,
    recorded: &'a [Recorded],
    events: &'a [Fed<'a>],
    read_to: Position,
}

impl Stretch<'_> {
    /// Whether a generation that has come to `position` can go on with it.
    fn continues(&self, position: Position) -> bool {
        self.after <= position && position < self.read_to
    }
}

/// A view: the generation that serves, and the next one while it is being built.
struct Slot {
    view: View,
    serving: ViewFile,
    building: Option<ViewFile>,
    reader: Arc<ViewReader>,
}

/// A generation that serves no more, until its last reader is done.
struct Retired {
    source: Arc<Source>,
    path: Option<PathBuf>,
}

impl Slot {
    fn open(home: &Home, view: View) -> Result<Self, ViewError> {
        let serving = ViewFile::open(&home.place, view, home.store_id)?;
        let reader = Arc::new(ViewReader::new(view, serving.source()));
        Ok(Self {
            view,
            serving,
            building: None,
            reader,
        })
    }

    fn generations(&self) -> impl Iterator<Item = &ViewFile> {
        std::iter::once(&self.serving).chain(&self.building)
    }

    /// A generation that cannot be written because its file is damaged begins anew, and the error is
    /// returned all the same: who waits before going on keeps this from turning in circles.
    fn apply(
        &mut self,
        stretch: &Stretch<'_>,
        home: &Home,
        retired: &mut Vec<Retired>,
    ) -> Result<(), ViewError> {
        if let Err(error) = apply_to(&mut self.serving, stretch) {
            if error.blames_the_file() {
                retired.push(self.begin_anew(home)?);
            }
            return Err(error);
        }
        if let Some(building) = &mut self.building
            && let Err(error) = apply_to(building, stretch)
        {
            if error.blames_the_file() {
                self.building = None;
                self.begin_building(home)?;
            }
            return Err(error);
        }
        Ok(())
    }

    fn begin_building(&mut self, home: &Home) -> Result<(), ViewError> {
        if self.building.is_none() {
            self.building = Some(self.next_generation(home)?);
        }
        Ok(())
    }

    /// Lets the next generation serve at once, however far it has come.
    fn begin_anew(&mut self, home: &Home) -> Result<Retired, ViewError> {
        let next = match self.building.take() {
            Some(building) => building,
            None => self.next_generation(home)?,
        };
        self.serve(next)
    }

    /// Lets the next generation serve once it has come as far as the one at hand.
    fn serve_finished(&mut self) -> Result<Option<Retired>, ViewError> {
        let position = self.serving.checkpoint().position;
        match self.building.take() {
            Some(building) if building.checkpoint().position >= position => {
                self.serve(building).map(Some)
            }
            building => {
                self.building = building;
                Ok(None)
            }
        }
    }

    fn serve(&mut self, next: ViewFile) -> Result<Retired, ViewError> {
        next.serve()?;
        let source = self.reader.switch(next.source());
        let path = std::mem::replace(&mut self.serving, next).into_path();
        Ok(Retired { source, path })
    }

    fn next_generation(&self, home: &Home) -> Result<ViewFile, ViewError> {
        let generation = self.serving.generation() + 1;
        ViewFile::create(
            &home.place,
            self.view,
            generation,
            home.store_id,
            Stage::Building,
        )
    }

    fn standing(&self) -> ViewStanding {
        let checkpoint = self.serving.checkpoint();
        ViewStanding {
            position: checkpoint.position,
            generation: self.serving.generation(),
            unreadable: checkpoint.unreadable,
            building: self
                .building
                .as_ref()
                .map(|building| building.checkpoint().position),
        }
    }
}

fn apply_to(file: &mut ViewFile, stretch: &Stretch<'_>) -> Result<(), ViewError> {
    if stretch.continues(file.checkpoint().position) {
        file.apply(stretch.recorded, stretch.events, stretch.read_to)
    } else {
        Ok(())
    }
}
