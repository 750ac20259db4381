// Alipay's own SDK for Node against the sandbox, with plain keys and with certificates.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AlipaySdk } from 'alipay-sdk';
import { SANDBOX, aDayOn, account, file, number, sandbox, shop } from './sandbox.mjs';

const { app_id: appId, seller_id: seller } = account('alipay');
const modes = {
  keys: { alipayPublicKey: file('alipay/alipay_public_key.pem') },
  certificates: {
    appCertContent: file('alipay/app_cert.pem'),
    alipayPublicCertContent: file('alipay/alipay_cert.pem'),
    alipayRootCertContent: file('alipay/alipay_root_cert.pem'),
  },
};

let merchant;
before(async () => { merchant = await shop(); });
after(() => merchant.close());

const paid = (outTradeNo) => sandbox('pay', { gateway: 'alipay', out_trade_no: outTradeNo });

async function told(sdk, outTradeNo, status) {
  const { body } = await merchant.notify();
  const fields = Object.fromEntries(new URLSearchParams(body));
  assert.equal(fields.out_trade_no, outTradeNo);
  assert.equal(fields.trade_status, status);
  assert.equal(fields.seller_id, seller);
  assert.ok(sdk.checkNotifySignV2(fields), 'V2 of the check of a notify');
  assert.ok(sdk.checkNotifySign(fields), 'the check of a notify');
  assert.ok(!sdk.checkNotifySignV2({ ...fields, total_amount: '0.01' }));
  return fields;
}

for (const [mode, keys] of Object.entries(modes)) {
  const made = (more) => new AlipaySdk({
    appId, privateKey: file('alipay/app_private_key.pem'), gateway: `${SANDBOX}/gateway.do`, ...keys, ...more,
  });
  const sdk = made();
  const exec = (method, bizContent, more = {}) =>
    sdk.exec(method, { bizContent, ...more }, { validateSign: true });
  const order = (outTradeNo, productCode) =>
    ({ outTradeNo, totalAmount: '88.00', subject: '一壶茶 "A&B" + 1', productCode });
  const at = merchantUrl;

  for (const [method, code] of [
    ['alipay.trade.page.pay', 'FAST_INSTANT_TRADE_PAY'],
    ['alipay.trade.wap.pay', 'QUICK_WAP_WAY'],
  ]) {
    test(`${mode}: ${method} leads to the cashier and back, by GET and by POST`, async () => {
      for (const way of ['GET', 'POST']) {
        const name = number('page');
        const page = sdk.pageExecute(method, way, { bizContent: order(name, code), ...at() });
        const opened = way === 'GET' ? await fetch(page) : await submit(page);
        assert.match(await opened.text(), /确认付款/);
        const acted = await fetch(`${SANDBOX}/alipay/cashier`, {
          method: 'POST', redirect: 'manual',
          body: new URLSearchParams({ out_trade_no: name, act: 'pay' }),
        });
        const back = Object.fromEntries(new URL(acted.headers.get('location')).searchParams);
        assert.ok(sdk.checkNotifySignV2(back), 'the return');
        await told(sdk, name, 'TRADE_SUCCESS');
      }
    });
  }

  test(`${mode}: an app's order string opens`, async () => {
    const name = number('app');
    const text = sdk.sdkExecute('alipay.trade.app.pay',
      { bizContent: order(name, 'QUICK_MSECURITY_PAY'), notifyUrl: merchant.url });
    await sandbox('pay', { gateway: 'alipay', order_string: text });
    await told(sdk, name, 'TRADE_SUCCESS');
  });

  test(`${mode}: a code is scanned, paid, asked about, given back in parts`, async () => {
    const name = number('qr');
    const code = await exec('alipay.trade.precreate', order(name), { notifyUrl: merchant.url });
    assert.equal(code.code, '10000', JSON.stringify(code));
    assert.ok(code.qrCode);
    const early = await exec('alipay.trade.query', { outTradeNo: name });
    assert.equal(early.subCode, 'ACQ.TRADE_NOT_EXIST');
    await paid(name);
    const { trade_no: tradeNo } = await told(sdk, name, 'TRADE_SUCCESS');
    const query = await exec('alipay.trade.query', { tradeNo });
    assert.equal(query.tradeStatus, 'TRADE_SUCCESS');
    assert.equal(query.totalAmount, '88.00');
    const close = await exec('alipay.trade.close', { outTradeNo: name });
    assert.equal(close.subCode, 'ACQ.TRADE_STATUS_ERROR');
    const part = { outTradeNo: name, refundAmount: '8.00', outRequestNo: 'part_1', refundReason: '试' };
    const refund = await exec('alipay.trade.refund', part);
    assert.equal(refund.fundChange, 'Y', JSON.stringify(refund));
    assert.equal((await exec('alipay.trade.refund', part)).fundChange, 'N');
    await told(sdk, name, 'TRADE_SUCCESS');
    const asked = await exec('alipay.trade.fastpay.refund.query', { outTradeNo: name, outRequestNo: 'part_1' });
    assert.equal(asked.refundStatus, 'REFUND_SUCCESS');
    assert.equal(asked.refundAmount, '8.00');
    const more = await exec('alipay.trade.refund', { ...part, refundAmount: '80.01', outRequestNo: 'part_2' });
    assert.equal(more.subCode, 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL');
    const rest = await exec('alipay.trade.refund', { ...part, refundAmount: '80.00', outRequestNo: 'part_3' });
    assert.equal(rest.refundFee, '88.00');
    assert.equal((await exec('alipay.trade.query', { outTradeNo: name })).tradeStatus, 'TRADE_CLOSED');
  });

  test(`${mode}: a trade made at once is closed before it is paid`, async () => {
    const name = number('js');
    const trade = await exec('alipay.trade.create',
      { ...order(name, 'JSAPI_PAY'), buyerId: '2088000000000001', opAppId: appId }, { notifyUrl: merchant.url });
    assert.ok(trade.tradeNo, JSON.stringify(trade));
    const query = await exec('alipay.trade.query', { outTradeNo: name });
    assert.equal(query.tradeStatus, 'WAIT_BUYER_PAY');
    const closed = await exec('alipay.trade.close', { tradeNo: trade.tradeNo });
    assert.equal(closed.code, '10000', JSON.stringify(closed));
  });

  test(`${mode}: yesterday's bill has an address and a file`, async () => {
    const name = number('bill');
    await exec('alipay.trade.precreate', order(name));
    await paid(name);
    const asked = await exec('alipay.data.dataservice.bill.downloadurl.query',
      { billType: 'trade', billDate: '2020-01-01' });
    assert.notEqual(asked.code, '10000');
    const day = await aDayOn();
    const bill = await exec('alipay.data.dataservice.bill.downloadurl.query', { billType: 'trade', billDate: day });
    assert.equal(bill.code, '10000', JSON.stringify(bill));
    const zip = Buffer.from(await (await fetch(bill.billDownloadUrl)).arrayBuffer());
    assert.equal(zip.subarray(0, 2).toString(), 'PK');
  });

  test(`${mode}: a signature of another key, an unknown app and an unknown method are refused by name`, async () => {
    const forged = made({ privateKey: file('wechatpay/apiclient_key.pem'), keyType: 'PKCS8' });
    const said = await forged.exec('alipay.trade.query', { bizContent: { outTradeNo: 'x' } }, { validateSign: true });
    assert.equal(said.subCode, 'isv.invalid-signature');
    const other = made({ appId: '2021000000000009' });
    // Alipay signs nothing for whom it does not know.
    const unknown = await other.exec('alipay.trade.query', { bizContent: { outTradeNo: 'x' } });
    assert.equal(unknown.subCode, 'isv.invalid-app-id');
    const method = await exec('alipay.trade.nothing', { outTradeNo: 'x' });
    assert.equal(method.subCode, 'isv.invalid-method');
    const nobody = await exec('alipay.trade.refund', { outTradeNo: 'nobody', refundAmount: '1.00' });
    assert.equal(nobody.subCode, 'ACQ.TRADE_NOT_EXIST');
  });
}

function merchantUrl() {
  return { notifyUrl: merchant.url, returnUrl: `${SANDBOX}/shop` };
}

/** Does what the form's own script does in a browser. */
function submit(form) {
  const [, action] = /action="([^"]+)"/.exec(form);
  const body = new URLSearchParams();
  for (const [, name, value] of form.matchAll(/name="([^"]+)" value="([^"]*)"/g)) {
    body.set(name, value.replaceAll('&quot;', '"'));
  }
  return fetch(action, { method: 'POST', body });
}
