//! The shop and its payfold: a service of its own for each test, run as the program that it is, with
//! the sandbox beside it where a test needs a gateway; one method for each thing that can be asked.

pub(crate) mod answer;
mod ask;
mod bill;
mod process;
mod sandbox;
mod setup;

pub(crate) use answer::Answer;
pub(crate) use ask::{name, order};
pub(crate) use bill::figure;
pub(crate) use process::{Ended, run};
pub(crate) use setup::{Setup, free_port};

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use http::Method;
use tempfile::TempDir;

use crate::gateway::{Alipay, WechatPay};
use process::{Program, run_in};

/// A payfold of a test's own, stopped and removed with it.
pub(crate) struct Shop {
    client: reqwest::Client,
    service: Option<Program>,
    sandbox: Option<Program>,
    api_key: String,
    public_url: String,
    sandbox_url: String,
    folder: TempDir,
}

impl Shop {
    /// A service with the configuration that the sandbox writes, and no gateway that answers.
    pub(crate) async fn open() -> Self {
        Setup::new().open().await
    }

    /// A service and both simulated gateways.
    pub(crate) async fn beside_the_sandbox() -> Self {
        Setup::new().beside_the_sandbox().open().await
    }

    /// Where everything of this shop lies.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The configuration.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("payfold.toml")
    }

    /// The store's folder.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder().join("payfold-data")
    }

    /// What the service has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("service.log")).unwrap()
    }

    /// Where the service answers.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// Alipay, as far as it signs messages to this shop.
    pub(crate) fn alipay(&self) -> Alipay {
        Alipay::of(&self.folder())
    }

    /// WeChat Pay, as far as it signs messages to this shop.
    pub(crate) fn wechatpay(&self) -> WechatPay {
        WechatPay::of(&self.folder())
    }

    /// Runs a command with this shop's configuration.
    pub(crate) fn run(&self, command: &[&str]) -> Ended {
        self.run_in::<&str>(&[], command)
    }

    /// Runs a command with this shop's configuration, in an environment with these variables too.
    pub(crate) fn run_in<V: AsRef<OsStr>>(
        &self,
        variables: &[(&str, V)],
        command: &[&str],
    ) -> Ended {
        let config = self.config();
        let (name, rest) = command.split_first().unwrap();
        run_in(
            variables,
            [&[*name, "--config", config.to_str().unwrap()], rest].concat(),
        )
    }

    /// Stops the service as an operator does, and tells how it ended.
    pub(crate) fn stop(&mut self) -> Ended {
        self.service.take().unwrap().stop()
    }

    /// The power fails while it works.
    pub(crate) fn kill_under_load(&self) {
        self.service.as_ref().unwrap().signal("-KILL");
    }

    /// Tells the service to read its keys again.
    pub(crate) fn hang_up(&self) {
        self.service.as_ref().unwrap().signal("-HUP");
    }

    /// Waits until a killed service is gone.
    pub(crate) fn reap(&mut self) {
        drop(self.service.take().unwrap().ended());
    }

    /// Starts the service again over the same store.
    pub(crate) async fn start_again(&mut self) {
        self.start_by(Program::start).await;
    }

    /// Starts the service again, with at most so many files open.
    pub(crate) async fn start_again_with_files(&mut self, files: u32) {
        self.start_by(|arguments, log| Program::start_with_files(files, arguments, log))
            .await;
    }

    async fn start_by(&mut self, start: impl FnOnce(&[&str], &std::path::Path) -> Program) {
        assert!(self.service.is_none(), "it still runs");
        let log = self.folder().join("service.log");
        let config = self.config();
        let arguments = ["serve", "--config", config.to_str().unwrap()];
        self.service = Some(start(&arguments, &log));
        self.until_alive(&self.url("/healthz"), &log).await;
    }

    /// A program that was just started answers when it is ready; one that ended says why.
    async fn until_alive(&self, url: &str, log: &std::path::Path) {
        for _ in 0..1_000 {
            if self.client.get(url).send().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!(
            "{url} does not answer: {}",
            std::fs::read_to_string(log).unwrap()
        );
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::read(request.send().await.unwrap()).await
    }

    /// Sends a request, to which there may be no answer.
    pub(crate) async fn try_send(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        Answer::try_read(request.send().await.ok()?).await
    }

    /// Sends a request that is made already, to which there may be no answer.
    pub(crate) async fn try_execute(&self, request: reqwest::Request) -> Option<Answer> {
        Answer::try_read(self.client.execute(request).await.ok()?).await
    }

    /// How much memory the service has of its own, in kilobytes.
    pub(crate) fn memory_kb(&self) -> u64 {
        self.service.as_ref().unwrap().memory_kb()
    }

    /// A request without a key.
    pub(crate) fn anybody(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A request with the shop's key.
    pub(crate) fn keyed(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.anybody(method, path).bearer_auth(&self.api_key)
    }
}
