//! The end of a connection. A client that is answered before it has sent its whole body, as one that
//! sends too much is, must still be able to read that answer: a socket that is closed over unread
//! bytes takes the answer back. So the writing side is closed first, and what still comes is thrown
//! away for a while.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long a client may go on sending once it has its answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many bytes of that are thrown away at most.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A connection that waits for its client at its end.
pub(super) struct Lingering {
    stream: TcpStream,
    end: End,
}

/// How far the end has come.
enum End {
    Open,
    /// Nothing is written any more.
    Closed {
        until: Pin<Box<Sleep>>,
        thrown_away: usize,
    },
}

impl Lingering {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            end: End::Open,
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, end } = self.get_mut();
        loop {
            match end {
                End::Open => {
                    ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
                    *end = End::Closed {
                        until: Box::pin(sleep(PATIENCE)),
                        thrown_away: 0,
                    };
                }
                End::Closed { until, thrown_away } => {
                    if until.as_mut().poll(context).is_ready() {
                        return Poll::Ready(Ok(()));
                    }
                    let mut scratch = [0; 4_096];
                    let mut buffer = ReadBuf::new(&mut scratch);
                    ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
                    *thrown_away += buffer.filled().len();
                    if buffer.filled().is_empty() || *thrown_away > MOST_BYTES {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}
