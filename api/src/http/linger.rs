//! Clients that do not keep up. One that reads none of its answer is given up after a while, so that it
//! holds neither its place nor what is waiting for it. And a client that is answered before it has sent its whole body, as one that
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

use super::turn::Turn;

/// How long a client may go on sending once it has its answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a client may read nothing of what waits for it.
const READ_PATIENCE: Duration = Duration::from_secs(30);

/// How many bytes of that are thrown away at most.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A connection that waits for its client at its end, and not for ever before it.
pub(super) struct Lingering {
    stream: TcpStream,
    turn: Turn,
    /// Until when the client has to read something; `None` while it keeps up.
    stuck_until: Option<Pin<Box<Sleep>>>,
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
    pub(super) fn new(stream: TcpStream, turn: Turn) -> Self {
        Self {
            stream,
            turn,
            stuck_until: None,
            end: End::Open,
        }
    }

    /// What came of writing, unless it has waited for the client for too long.
    fn in_time(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stuck_until = None;
            return written;
        }
        let stuck_until = self
            .stuck_until
            .get_or_insert_with(|| Box::pin(sleep(READ_PATIENCE)));
        ready!(stuck_until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.turn.is_the_clients();
        }
        read
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, end, .. } = self.get_mut();
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

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "how long a client is waited for is what is tested"
)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;

    async fn connected() -> (Lingering, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (stream, _) = accepted.unwrap();
        (Lingering::new(stream, Turn::new()), client.unwrap())
    }

    /// Writes until nothing more is taken; how it ended.
    async fn write_on(server: &mut Lingering) -> io::ErrorKind {
        loop {
            if let Err(error) = server.write_all(&[7; 64 * 1024]).await {
                return error.kind();
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_given_up_after_a_while() {
        let (mut server, _client) = connected().await;
        let began = Instant::now();
        assert_eq!(write_on(&mut server).await, io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= READ_PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_is_not() {
        let (mut server, client) = connected().await;
        let began = Instant::now();
        let reading = async {
            let mut some = vec![0; 1024 * 1024];
            while began.elapsed() < 4 * READ_PATIENCE {
                sleep(READ_PATIENCE / 2).await;
                // Until there is room for more, which alone wakes the writer.
                while client.try_read(&mut some).is_ok_and(|read| read > 0) {}
            }
        };
        tokio::select! {
            ended = write_on(&mut server) => panic!("the client was given up: {ended}"),
            () = reading => {}
        }
    }
}
