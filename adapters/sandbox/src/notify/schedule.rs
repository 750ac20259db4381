//! When a notify that was not accepted is sent again.

use crate::books::Gateway;

/// Seconds between the eight sendings of an Alipay notify (电脑网站支付 异步通知说明). Older texts begin
/// with two minutes and end two minutes earlier.
const ALIPAY: [u32; 7] = [240, 600, 600, 3_600, 7_200, 21_600, 54_000];

/// Seconds between the sixteen sendings of a WeChat Pay notify, v2 and v3 alike: 24 h 4 min in all
/// (支付结果通知).
const WECHATPAY: [u32; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// Seconds to wait after so many sendings, none of them accepted; nothing once the gateway gives up.
pub(crate) fn gap_after(gateway: Gateway, sendings: usize) -> Option<u32> {
    let gaps: &[u32] = match gateway {
        Gateway::Alipay => &ALIPAY,
        Gateway::WechatPay => &WECHATPAY,
    };
    gaps.get(sendings.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::{ALIPAY, WECHATPAY};

    #[test]
    fn the_schedules_last_as_long_as_the_gateways_say() {
        assert_eq!(ALIPAY.iter().sum::<u32>(), 24 * 3_600 + 24 * 60);
        assert_eq!(WECHATPAY.iter().sum::<u32>(), 24 * 3_600 + 4 * 60);
    }
}
