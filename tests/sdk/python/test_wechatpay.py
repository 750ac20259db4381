"""wechatpayv3, with the public key and with certificates that it fetches, and wechatpy for v2."""

import gzip
import hashlib
import json
import unittest

from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpy.pay import WeChatPay as WeChatPayV2

from sandbox import SANDBOX, Shop, a_day_on, account, file, number, sandbox

WX = account("wechatpay")
PAYER = {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
SCENE = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}


def paid(out_trade_no, **more):
    sandbox("pay", {"gateway": "wechatpay", "out_trade_no": out_trade_no, **more})


# This SDK sets its address itself, and asks there for certificates before anybody can change it.
Core._gate_way = property(lambda _self: SANDBOX, lambda _self, _address: None)


class V3(unittest.TestCase):
    def setUp(self):
        self.shop = Shop()
        self.addCleanup(self.shop.close)

    def clients(self):
        by_key = {
            "public_key": file("wechatpay/pub_key.pem"),
            "public_key_id": WX["platform_public_key_id"],
        }
        for mode, more in (("public key", by_key), ("certificates", {})):
            with self.subTest(mode):
                yield WeChatPay(
                    wechatpay_type=WeChatPayType.NATIVE,
                    mchid=WX["mch_id"],
                    private_key=file("wechatpay/apiclient_key.pem"),
                    cert_serial_no=WX["merchant_cert_serial"],
                    apiv3_key=WX["api_v3_key"],
                    appid=WX["app_id"],
                    notify_url=self.shop.url,
                    **more,
                )

    def answered(self, expected, answer):
        code, text = answer
        self.assertEqual(code, expected, text)
        return json.loads(text) if text else None

    def ordered(self, client, name, **more):
        return self.answered(
            200, client.pay("一壶茶 & 一杯", name, {"total": 8800, "currency": "CNY"}, **more)
        )

    def told(self, client, event):
        headers, body = self.shop.notify()
        news = client.callback(headers, body)
        self.assertTrue(news, "the signature of a notify")
        self.assertEqual(news["event_type"], event)
        return news["resource"]

    def test_every_kind_of_payment_starts(self):
        for client in self.clients():
            self.assertIn("code_url", self.ordered(client, number("nat")))
            kinds = ((WeChatPayType.JSAPI, {"payer": PAYER}), (WeChatPayType.MINIPROG, {"payer": PAYER}),
                     (WeChatPayType.APP, {}))
            for kind, more in kinds:
                self.assertIn("prepay_id", self.ordered(client, number("pre"), pay_type=kind, **more))
            h5 = self.ordered(client, number("h5"), pay_type=WeChatPayType.H5, scene_info=SCENE)
            self.assertIn("h5_url", h5)

    def test_an_order_is_paid_told_asked_about_and_given_back(self):
        for client in self.clients():
            name = number("nat")
            self.ordered(client, name)
            paid(name)
            news = self.told(client, "TRANSACTION.SUCCESS")
            self.assertEqual(news["amount"]["total"], 8800)
            found = self.answered(200, client.query(out_trade_no=name))
            self.assertEqual(found["trade_state"], "SUCCESS")
            self.answered(200, client.query(transaction_id=news["transaction_id"]))
            self.assertEqual(self.answered(400, client.close(name))["code"], "ORDER_PAID")
            amount = {"refund": 800, "total": 8800, "currency": "CNY"}
            refund_no = number("back")
            self.answered(200, client.refund(refund_no, amount, out_trade_no=name))
            self.assertEqual(self.told(client, "REFUND.SUCCESS")["refund_status"], "SUCCESS")
            asked = self.answered(200, client.query_refund(refund_no))
            self.assertEqual(asked["status"], "SUCCESS")
            more = {**amount, "refund": 8001}
            said = self.answered(400, client.refund(number("back"), more, out_trade_no=name))
            self.assertEqual(said["code"], "INVALID_REQUEST")

    def test_an_order_is_closed_and_an_unknown_one_is_refused_by_name(self):
        for client in self.clients():
            name = number("shut")
            self.ordered(client, name)
            self.answered(204, client.close(name))
            self.assertEqual(self.answered(200, client.query(out_trade_no=name))["trade_state"], "CLOSED")
            self.assertEqual(
                self.answered(404, client.query(out_trade_no="nobody_1"))["code"], "ORDER_NOT_EXIST"
            )

    def test_a_packed_bill_has_the_hash_that_was_signed(self):
        for client in self.clients():
            name = number("bill")
            self.ordered(client, name)
            paid(name)
            bill = self.answered(200, client.trade_bill(a_day_on()))
            code, packed = client.download_bill(bill["download_url"])
            self.assertEqual(code, 200, packed)
            text = gzip.decompress(packed)
            self.assertEqual(hashlib.sha1(text).hexdigest(), bill["hash_value"])
            self.assertIn(name, text.decode())


class V2(unittest.TestCase):
    def setUp(self):
        self.shop = Shop()
        self.addCleanup(self.shop.close)
        WeChatPayV2.API_BASE_URL = f"{SANDBOX}/"
        self.client = WeChatPayV2(WX["app_id"], WX["api_v2_key"], WX["mch_id"])

    def test_a_payment_and_a_refund_are_told_and_asked_about(self):
        v3 = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE, mchid=WX["mch_id"], appid=WX["app_id"],
            private_key=file("wechatpay/apiclient_key.pem"), cert_serial_no=WX["merchant_cert_serial"],
            apiv3_key=WX["api_v3_key"], notify_url=self.shop.url,
        )
        for via in ("v2", "v2-hmac"):
            name = number("old")
            v3.pay("一壶茶", name, {"total": 8800})
            paid(name, via=via)
            _, body = self.shop.notify()
            if via == "v2":
                news = self.client.parse_payment_result(body)
                self.assertEqual(news["out_trade_no"], name)
                self.assertEqual(news["total_fee"], 8800)
            found = self.client.order.query(out_trade_no=name)
            self.assertEqual(found["trade_state"], "SUCCESS")
            sandbox("refund", {"gateway": "wechatpay", "out_trade_no": name, "minor": 800, "via": "v2"})
            _, body = self.shop.notify()
            news = self.client.parse_refund_notify_result(body)
            self.assertEqual(news["out_trade_no"], name)
            self.assertEqual(news["refund_fee"], 800)


if __name__ == "__main__":
    unittest.main()
