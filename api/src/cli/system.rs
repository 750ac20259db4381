//! The real world: the system's clock and randomness, and connections over the network.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use payfold_domain::Timestamp;

use crate::world::{Answering, Clock, Entropy, HttpError, Outbound, Tasks, World};

/// How many pieces of work may block threads at a time: signing, mostly.
const BLOCKING: usize = 4;

/// How long a gateway may take to connect.
const CONNECT: Duration = Duration::from_secs(3);

/// How long a gateway may take for a whole answer.
const ANSWER: Duration = Duration::from_secs(15);

/// How long a file may take to come.
const DOWNLOAD: Duration = Duration::from_secs(600);

/// How long an answer may be, in bytes. Bills come by another way.
const ANSWER_BYTES: usize = 1024 * 1024;

/// The world, as this machine has it.
pub(crate) fn world() -> Result<World, HttpError> {
    Ok(World {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        http: Arc::new(Network::new()?),
        tasks: Tasks::new(BLOCKING),
    })
}

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since.map_or(0, |since| since.as_micros());
        Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

/// The system's randomness.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // A system without randomness cannot keep a secret; there is nothing to go on with.
            std::process::abort();
        }
    }
}

/// The network. Names of headers go out as gateways write them: receivers of notifies look for them so.
pub(crate) struct Network(reqwest::Client);

impl Network {
    pub(crate) fn new() -> Result<Self, HttpError> {
        reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .http1_title_case_headers()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map(Self)
            .map_err(|error| failed("any host", &error))
    }

    /// Sends a request, and waits no longer than `deadline` for no more than `limit` bytes.
    pub(crate) async fn exchange(
        &self,
        request: http::Request<Bytes>,
        deadline: Duration,
        limit: usize,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let host = request.uri().host().unwrap_or("a gateway").to_owned();
        let exchange = async {
            let request =
                reqwest::Request::try_from(request).map_err(|error| failed(&host, &error))?;
            let answer = self
                .0
                .execute(request)
                .await
                .map_err(|error| failed(&host, &error))?;
            let answer: http::Response<reqwest::Body> = answer.into();
            let (parts, mut body) = answer.into_parts();
            let mut bytes = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| failed(&host, &error))?;
                if let Some(data) = frame.data_ref() {
                    if bytes.len() + data.len() > limit {
                        return Err(HttpError::TooLong {
                            host: host.clone(),
                            limit,
                        });
                    }
                    bytes.extend_from_slice(data);
                }
            }
            Ok(http::Response::from_parts(parts, bytes.freeze()))
        };
        match tokio::time::timeout(deadline, exchange).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(HttpError::TimedOut { host: host.clone() }),
        }
    }
}

impl Outbound for Network {
    fn send(&self, request: http::Request<Bytes>) -> Answering<'_> {
        Box::pin(self.exchange(request, ANSWER, ANSWER_BYTES))
    }

    fn download(&self, request: http::Request<Bytes>, most_bytes: usize) -> Answering<'_> {
        Box::pin(self.exchange(request, DOWNLOAD, most_bytes))
    }
}

/// The cause alone: an address may hold what is nobody's business in a log.
fn failed(host: &str, error: &reqwest::Error) -> HttpError {
    let problem = if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "it took too long"
    } else {
        "it broke"
    };
    HttpError::Failed {
        host: host.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_redirect_is_the_answer_and_nobody_follows_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let redirecting = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
            let answer = format!(
                "HTTP/1.1 302 Found\r\nlocation: http://{address}/elsewhere\r\ncontent-length: 0\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let network = Network::new().unwrap();
        let request = http::Request::get(format!("http://{address}/bill"));
        let request = request.body(Bytes::new()).unwrap();
        // Whoever followed it would wait for the next answer in vain.
        let asking = network.exchange(request, Duration::from_secs(5), 1024);
        let (answer, ()) = tokio::join!(asking, redirecting);
        assert_eq!(answer.unwrap().status(), 302);
    }
}
