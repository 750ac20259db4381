//! Exceptions that only tell a person something and offer nothing but to be dismissed: those of
//! accounts and of bills.

use crate::Timestamp;
use crate::book::decided_before;
use crate::command::{Rejection, ResolveException};
use crate::event::ExceptionResolved;
use crate::order::{OpenedException, Resolution};

/// A person dismisses an exception; nothing where it was dismissed before.
pub(crate) fn dismiss(
    exceptions: &[OpenedException],
    command: ResolveException,
) -> Result<Option<ExceptionResolved>, Rejection> {
    let exception = exceptions
        .iter()
        .find(|known| known.id == command.exception)
        .ok_or(Rejection::NoSuchException)?;
    if command.order_no.is_some() {
        return Err(Rejection::OrderNoUnwanted);
    }
    if decided_before::<ExceptionResolved>(exception, command.action)?.is_some() {
        return Ok(None);
    }
    let offered = exception.kind.actions();
    if !offered.contains(&command.action) {
        return Err(Rejection::ActionNotOffered {
            offered: offered.to_vec(),
        });
    }

    Ok(Some(ExceptionResolved {
        exception: exception.id.clone(),
        kind: exception.kind,
        action: command.action,
        by: command.by,
        order_no: None,
        note: command.note,
    }))
}

/// Opens an exception, once.
pub(crate) fn opened(exceptions: &mut Vec<OpenedException>, exception: OpenedException) {
    if exceptions.iter().all(|known| known.id != exception.id) {
        exceptions.push(exception);
    }
}

/// Ends an exception that is open; these streams are logs, in which nothing else depends on it.
pub(crate) fn resolved(
    exceptions: &mut [OpenedException],
    event: &ExceptionResolved,
    at: Timestamp,
) {
    let open = exceptions
        .iter_mut()
        .find(|known| known.id == event.exception && known.resolution.is_none());
    if let Some(exception) = open {
        exception.resolution = Some(Resolution {
            action: event.action,
            by: event.by.clone(),
            at,
            order_no: event.order_no.clone(),
            note: event.note.clone(),
        });
    }
}
