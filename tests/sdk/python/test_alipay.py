"""Alipay's own SDK for Python, and another one, against the sandbox."""

import http.client
import json
import unittest
import urllib.parse
import urllib.request

import rsa
from alipay import AliPay, DCAliPay
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.domain.AlipayDataDataserviceBillDownloadurlQueryModel import (
    AlipayDataDataserviceBillDownloadurlQueryModel as BillModel,
)
from alipay.aop.api.domain.AlipayTradeCloseModel import AlipayTradeCloseModel as CloseModel
from alipay.aop.api.domain.AlipayTradePagePayModel import AlipayTradePagePayModel as PageModel
from alipay.aop.api.domain.AlipayTradePrecreateModel import (
    AlipayTradePrecreateModel as PrecreateModel,
)
from alipay.aop.api.domain.AlipayTradeQueryModel import AlipayTradeQueryModel as QueryModel
from alipay.aop.api.domain.AlipayTradeRefundModel import AlipayTradeRefundModel as RefundModel
from alipay.aop.api.request.AlipayDataDataserviceBillDownloadurlQueryRequest import (
    AlipayDataDataserviceBillDownloadurlQueryRequest as BillRequest,
)
from alipay.aop.api.request.AlipayTradeCloseRequest import AlipayTradeCloseRequest as CloseRequest
from alipay.aop.api.request.AlipayTradePagePayRequest import AlipayTradePagePayRequest as PageRequest
from alipay.aop.api.request.AlipayTradePrecreateRequest import (
    AlipayTradePrecreateRequest as PrecreateRequest,
)
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest as QueryRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest as RefundRequest
from alipay.aop.api.util import WebUtils
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa

from sandbox import SANDBOX, Shop, a_day_on, account, file, number, sandbox

APP_ID = account("alipay")["app_id"]
GATEWAY = f"{SANDBOX}/gateway.do"


def bare(pem):
    """The Base64 between a PEM's lines, as this SDK wants its keys."""
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


def connection(url, query, timeout):
    """As in the SDK, whose own breaks on an address with a port."""
    parts = urllib.parse.urlsplit(url)
    whole = f"{parts.scheme}://{parts.hostname}{parts.path}?{query}"
    return whole, http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)


WebUtils.get_http_connection = connection


def fields(body):
    return dict(urllib.parse.parse_qsl(body, keep_blank_values=True))


def paid(out_trade_no):
    sandbox("pay", {"gateway": "alipay", "out_trade_no": out_trade_no})


class Alipay(unittest.TestCase):
    def setUp(self):
        self.shop = Shop()
        self.addCleanup(self.shop.close)


class TheGatewaysOwn(Alipay):
    def setUp(self):
        super().setUp()
        config = AlipayClientConfig()
        config.server_url = GATEWAY
        config.app_id = APP_ID
        config.app_private_key = bare(file("alipay/app_private_key.pem"))
        config.alipay_public_key = bare(file("alipay/alipay_public_key.pem"))
        self.config = config
        self.client = DefaultAlipayClient(config)

    def ask(self, request_of, model, **values):
        for name, value in values.items():
            setattr(model, name, value)
        request = request_of(biz_model=model)
        request.notify_url = self.shop.url
        return json.loads(self.client.execute(request))

    def order(self, name):
        return {"out_trade_no": name, "total_amount": "88.00", "subject": "一壶茶 & 一杯"}

    def told(self, out_trade_no):
        _, body = self.shop.notify()
        said = fields(body)
        self.assertEqual(said["out_trade_no"], out_trade_no)
        sign = said.pop("sign")
        self.assertEqual(said.pop("sign_type"), "RSA2")
        content = get_sign_content(said).encode()
        self.assertTrue(verify_with_rsa(self.config.alipay_public_key, content, sign))
        return said

    def test_a_page_leads_to_the_cashier(self):
        name = number("page")
        model = PageModel()
        for field, value in self.order(name).items():
            setattr(model, field, value)
        model.product_code = "FAST_INSTANT_TRADE_PAY"
        request = PageRequest(biz_model=model)
        request.notify_url = self.shop.url
        with urllib.request.urlopen(self.client.page_execute(request, "GET")) as page:
            self.assertIn("确认付款", page.read().decode())
        paid(name)
        self.assertEqual(self.told(name)["trade_status"], "TRADE_SUCCESS")

    def test_a_code_is_paid_asked_about_and_given_back(self):
        name = number("qr")
        code = self.ask(PrecreateRequest, PrecreateModel(), **self.order(name))
        self.assertEqual(code["code"], "10000", code)
        early = self.ask(QueryRequest, QueryModel(), out_trade_no=name)
        self.assertEqual(early["sub_code"], "ACQ.TRADE_NOT_EXIST")
        paid(name)
        self.told(name)
        found = self.ask(QueryRequest, QueryModel(), out_trade_no=name)
        self.assertEqual(found["trade_status"], "TRADE_SUCCESS")
        closed = self.ask(CloseRequest, CloseModel(), out_trade_no=name)
        self.assertEqual(closed["sub_code"], "ACQ.TRADE_STATUS_ERROR")
        part = {"out_trade_no": name, "refund_amount": "8.00", "out_request_no": "part_1"}
        self.assertEqual(self.ask(RefundRequest, RefundModel(), **part)["fund_change"], "Y")
        self.assertEqual(self.told(name)["refund_fee"], "8.00")
        more = {**part, "refund_amount": "80.01", "out_request_no": "part_2"}
        self.assertEqual(
            self.ask(RefundRequest, RefundModel(), **more)["sub_code"],
            "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
        )

    def test_a_bill_has_an_address(self):
        name = number("bill")
        self.ask(PrecreateRequest, PrecreateModel(), **self.order(name))
        paid(name)
        bill = self.ask(BillRequest, BillModel(), bill_type="trade", bill_date=a_day_on())
        self.assertEqual(bill["code"], "10000", bill)
        with urllib.request.urlopen(bill["bill_download_url"]) as answer:
            self.assertEqual(answer.read(2), b"PK")

    def test_a_signature_of_another_key_is_refused_by_name(self):
        _, other = rsa.newkeys(1024)
        self.config.app_private_key = bare(other.save_pkcs1().decode())
        said = self.ask(QueryRequest, QueryModel(), out_trade_no="x")
        self.assertEqual(said["sub_code"], "isv.invalid-signature")


class Another(Alipay):
    """python-alipay-sdk, with plain keys and with certificates."""

    def clients(self):
        key = file("alipay/app_private_key.pem")
        plain = AliPay(
            appid=APP_ID,
            app_private_key_string=key,
            alipay_public_key_string=file("alipay/alipay_public_key.pem"),
        )
        certified = DCAliPay(
            appid=APP_ID,
            app_private_key_string=key,
            app_public_key_cert_string=file("alipay/app_cert.pem"),
            alipay_public_key_cert_string=file("alipay/alipay_cert.pem"),
            alipay_root_cert_string=file("alipay/alipay_root_cert.pem"),
        )
        for client in (plain, certified):
            client._gateway = GATEWAY
            with self.subTest(type(client).__name__):
                yield client

    def told(self, client, out_trade_no):
        _, body = self.shop.notify()
        said = fields(body)
        self.assertEqual(said["out_trade_no"], out_trade_no)
        sign = said.pop("sign")
        self.assertTrue(client.verify(said, sign))

    def test_every_kind_of_payment_starts(self):
        for client in self.clients():
            order = {"subject": "一壶茶", "total_amount": "88.00", "notify_url": self.shop.url}
            for start in (client.api_alipay_trade_page_pay, client.api_alipay_trade_wap_pay):
                name = number("page")
                query = start(out_trade_no=name, **order)
                with urllib.request.urlopen(f"{GATEWAY}?{query}") as page:
                    self.assertIn("确认付款", page.read().decode())
                paid(name)
                self.told(client, name)
            name = number("app")
            text = client.api_alipay_trade_app_pay(out_trade_no=name, **order)
            sandbox("pay", {"gateway": "alipay", "order_string": text})
            self.told(client, name)
            made = client.api_alipay_trade_create(
                out_trade_no=number("js"), buyer_id="2088000000000001", **order
            )
            self.assertEqual(made["code"], "10000", made)
            closed = client.api_alipay_trade_close(trade_no=made["trade_no"])
            self.assertEqual(closed["code"], "10000", closed)

    def test_a_code_is_paid_asked_about_and_given_back(self):
        for client in self.clients():
            name = number("qr")
            code = client.api_alipay_trade_precreate("一壶茶", name, "88.00", self.shop.url)
            self.assertTrue(code["qr_code"])
            paid(name)
            self.told(client, name)
            found = client.api_alipay_trade_query(out_trade_no=name)
            self.assertEqual(found["trade_status"], "TRADE_SUCCESS")
            back = client.api_alipay_trade_refund("88.00", out_trade_no=name, out_request_no="all")
            self.assertEqual(back["fund_change"], "Y")
            asked = client.api_alipay_trade_fastpay_refund_query("all", out_trade_no=name)
            self.assertEqual(asked["refund_status"], "REFUND_SUCCESS")

    def test_a_payment_whose_outcome_is_not_known_is_cancelled(self):
        for client in self.clients():
            name = number("qr")
            client.api_alipay_trade_precreate("一壶茶", name, "88.00", self.shop.url)
            early = client.api_alipay_trade_cancel(out_trade_no=name)
            self.assertNotIn("action", early)
            self.assertEqual(early["retry_flag"], "N")
            paid(name)
            self.told(client, name)
            undone = client.api_alipay_trade_cancel(out_trade_no=name)
            self.assertEqual(undone["action"], "refund")
            found = client.api_alipay_trade_query(out_trade_no=name)
            self.assertEqual(found["trade_status"], "TRADE_CLOSED")


if __name__ == "__main__":
    unittest.main()
