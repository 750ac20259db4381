//! Why a request could not be made: one variant a cause. What came of one that was sent is `call`'s part.

/// Why a request to Alipay could not be made.
#[derive(Debug, thiserror::Error)]
pub enum UnsentRequest {
    /// The account has no private key.
    #[error("signing a request: the account only receives; expected app_private_key_file")]
    ReceivesOnly,
    /// The amount is none that Alipay takes.
    #[error("writing an amount: expected CNY 0.01 to 100000000.00")]
    BadAmount,
    /// A time that no calendar has.
    #[error("writing a time: expected one of years 0 to 9999")]
    BadTime,
    /// The private key refused to sign.
    #[error("signing a request: the private key refused")]
    Unsignable,
    /// The request could not be put together.
    #[error("putting a request together")]
    Http(#[from] http::Error),
}
