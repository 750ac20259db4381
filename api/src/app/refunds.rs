//! Refunds that callers ask for: stored wishes, which the gateway's words move on.

use payfold_domain::command::{Command, RequestRefund, RetryRefund};
use payfold_domain::exception::Resolver;
use payfold_domain::{OrderNo, PaymentRef, RefundNo};

use super::orders::Written;
use super::{App, AppError};

impl App {
    /// Wishes `minor` of what a payment brought given back.
    pub async fn request_refund(
        &self,
        order_no: &OrderNo,
        payment: PaymentRef,
        refund_no: RefundNo,
        minor: i64,
        reason: Option<String>,
    ) -> Result<Written, AppError> {
        let capability = self.account(&payment.account)?.capability;
        let request = RequestRefund {
            payment,
            refund_no,
            minor,
            reason,
            capability,
        };
        self.command(order_no, Command::RequestRefund(request))
            .await
    }

    /// Wishes a refund that needs action asked for again, under the same number.
    pub async fn retry_refund(
        &self,
        order_no: &OrderNo,
        payment: PaymentRef,
        refund_no: RefundNo,
        key_name: &str,
    ) -> Result<Written, AppError> {
        let capability = self.account(&payment.account)?.capability;
        let by = Resolver::Key(key_name.to_owned());
        self.command(
            order_no,
            Command::RetryRefund(RetryRefund {
                payment,
                refund_no,
                capability,
                by,
            }),
        )
        .await
    }
}
