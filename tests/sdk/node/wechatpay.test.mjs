// Two SDKs for WeChat Pay against the sandbox, with the public key and with platform certificates.
import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import axiosPlugin from 'wechatpay-axios-plugin';
import WechatPayNode from 'wechatpay-node-v3';
import { SANDBOX, aDayOn, account, file, number, sandbox, shop } from './sandbox.mjs';

const { Aes, Formatter, Rsa, Wechatpay } = axiosPlugin;
const wx = account('wechatpay');
const keys = {
  'public key': { [wx.platform_public_key_id]: file('wechatpay/pub_key.pem') },
  certificate: { [serialOf('wechatpay/platform_cert.pem')]: file('wechatpay/platform_cert.pem') },
};

let merchant;
before(async () => { merchant = await shop(); });
after(() => merchant.close());

const paid = (outTradeNo, more) => sandbox('pay', { gateway: 'wechatpay', out_trade_no: outTradeNo, ...more });
const order = (outTradeNo, more) => ({
  appid: wx.app_id, mchid: wx.mch_id, description: '一壶茶 "A&B"', out_trade_no: outTradeNo,
  notify_url: merchant.url, amount: { total: 8800, currency: 'CNY' }, ...more,
});

for (const [mode, certs] of Object.entries(keys)) {
  const client = new Wechatpay({
    baseURL: SANDBOX, mchid: wx.mch_id, serial: wx.merchant_cert_serial,
    privateKey: file('wechatpay/apiclient_key.pem'), certs,
    secret: wx.api_v2_key,
    headers: { 'Wechatpay-Serial': Object.keys(certs)[0] },
  });
  const { v3 } = client;

  const told = async (event) => {
    const { headers, body } = await merchant.notify();
    const serial = headers['wechatpay-serial'];
    assert.ok(certs[serial], `the serial ${serial}`);
    const signed = Formatter.response(headers['wechatpay-timestamp'], headers['wechatpay-nonce'], body);
    assert.ok(Rsa.verify(signed, headers['wechatpay-signature'], certs[serial]));
    const { event_type: type, resource } = JSON.parse(body);
    assert.equal(type, event);
    return JSON.parse(Aes.AesGcm.decrypt(resource.ciphertext, wx.api_v3_key, resource.nonce, resource.associated_data));
  };

  test(`${mode}: wechatpay-axios-plugin starts every kind of payment`, async () => {
    const { data: native } = await v3.pay.transactions.native.post(order(number('nat')));
    assert.match(native.code_url, /^weixin:\/\/wxpay\//);
    const payer = { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' };
    const { data: jsapi } = await v3.pay.transactions.jsapi.post(order(number('js'), { payer }));
    assert.ok(jsapi.prepay_id);
    const { data: app } = await v3.pay.transactions.app.post(order(number('app')));
    assert.ok(app.prepay_id);
    const scene_info = { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } };
    const { data: h5 } = await v3.pay.transactions.h5.post(order(number('h5'), { scene_info }));
    assert.match(await (await fetch(h5.h5_url)).text(), /Pay/);
  });

  test(`${mode}: an order is paid, told, asked about, given back`, async () => {
    const name = number('nat');
    await v3.pay.transactions.native.post(order(name));
    await paid(name);
    const news = await told('TRANSACTION.SUCCESS');
    assert.equal(news.out_trade_no, name);
    assert.equal(news.amount.total, 8800);
    const params = { mchid: wx.mch_id };
    const { data: found } = await v3.pay.transactions.outTradeNo.$out_trade_no$.get({ params, out_trade_no: name });
    assert.equal(found.trade_state, 'SUCCESS');
    const { data: byId } = await v3.pay.transactions.id.$id$.get({ params, id: news.transaction_id });
    assert.equal(byId.out_trade_no, name);
    await refused(400, 'ORDER_PAID',
      v3.pay.transactions.outTradeNo.$out_trade_no$.close.post({ mchid: wx.mch_id }, { out_trade_no: name }));
    const back = {
      out_trade_no: name, out_refund_no: number('back'), reason: '试', notify_url: merchant.url,
      amount: { refund: 800, total: 8800, currency: 'CNY' },
    };
    const { data: refund } = await v3.refund.domestic.refunds.post(back);
    assert.equal(refund.status, 'PROCESSING');
    assert.equal((await told('REFUND.SUCCESS')).refund_status, 'SUCCESS');
    const { data: asked } = await v3.refund.domestic.refunds.$no$.get({ no: back.out_refund_no });
    assert.equal(asked.status, 'SUCCESS');
    assert.equal(asked.amount.refund, 800);
    await refused(400, 'INVALID_REQUEST', v3.refund.domestic.refunds.post(
      { ...back, out_refund_no: number('back'), amount: { ...back.amount, refund: 8001 } }));
    await refused(404, 'RESOURCE_NOT_EXISTS', v3.refund.domestic.refunds.$no$.get({ no: 'nobody' }));
  });

  test(`${mode}: an order is closed; what is unknown or unsigned is refused by name`, async () => {
    const name = number('shut');
    await v3.pay.transactions.native.post(order(name));
    const closed = await v3.pay.transactions.outTradeNo.$out_trade_no$.close.post(
      { mchid: wx.mch_id }, { out_trade_no: name });
    assert.equal(closed.status, 204);
    const params = { mchid: wx.mch_id };
    const { data } = await v3.pay.transactions.outTradeNo.$out_trade_no$.get({ params, out_trade_no: name });
    assert.equal(data.trade_state, 'CLOSED');
    await refused(404, 'ORDER_NOT_EXIST',
      v3.pay.transactions.outTradeNo.$out_trade_no$.get({ params, out_trade_no: 'nobody_1' }));
    const forged = new Wechatpay({
      baseURL: SANDBOX, mchid: wx.mch_id, serial: wx.merchant_cert_serial,
      privateKey: file('alipay/app_private_key.pem'), certs,
    });
    await refused(401, 'SIGN_ERROR',
      forged.v3.pay.transactions.outTradeNo.$out_trade_no$.get({ params, out_trade_no: name }));
    await refused(400, 'PARAM_ERROR', v3.pay.transactions.native.post(order('x')));
  });

  test(`${mode}: a day's bill has an address, a hash, and a file`, async () => {
    const name = number('bill');
    await v3.pay.transactions.native.post(order(name));
    await paid(name);
    await told('TRANSACTION.SUCCESS');
    const bill_date = await aDayOn();
    const { data } = await v3.bill.tradebill.get({ params: { bill_date, bill_type: 'ALL' } });
    const url = new URL(data.download_url);
    const { data: text } = await v3.billdownload.file.get(
      { params: Object.fromEntries(url.searchParams), responseType: 'arraybuffer' });
    assert.equal(createHash('sha1').update(text).digest('hex'), data.hash_value);
    assert.match(Buffer.from(text).toString(), new RegExp(name));
  });

  test(`${mode}: the platform certificates are fetched and decrypted`, async () => {
    const { data } = await v3.certificates.get();
    const { nonce, associated_data, ciphertext } = data.data[0].encrypt_certificate;
    const pem = Aes.AesGcm.decrypt(ciphertext, wx.api_v3_key, nonce, associated_data);
    assert.equal(pem.trim(), file('wechatpay/platform_cert.pem').trim());
  });

  test(`${mode}: v2 answers a query, and tells of a payment`, async () => {
    const name = number('old');
    await v3.pay.transactions.native.post(order(name));
    await paid(name, { via: 'v2' });
    const { body } = await merchant.notify();
    assert.match(body, /<return_code><!\[CDATA\[SUCCESS\]\]>/);
    const { data } = await client.v2.pay.orderquery.post(
      { appid: wx.app_id, mch_id: wx.mch_id, out_trade_no: name, nonce_str: Formatter.nonce() });
    assert.equal(data.trade_state, 'SUCCESS');
    assert.equal(data.out_trade_no, name);
  });
}

test('wechatpay-node-v3 starts, asks, closes, gives back, and verifies by certificates that it fetches', async () => {
  const real = 'https://api.mch.weixin.qq.com';
  const pay = new WechatPayNode({
    appid: wx.app_id, mchid: wx.mch_id, key: wx.api_v3_key,
    publicKey: file('wechatpay/apiclient_cert.pem'), privateKey: file('wechatpay/apiclient_key.pem'),
  });
  const usual = pay.httpService;
  const here = (url) => url.replace(real, SANDBOX);
  pay.createHttp({
    get: (url, headers) => usual.get(here(url), headers),
    post: (url, body, headers) => usual.post(here(url), body, headers),
  });
  const name = number('nd');
  const { appid: _appid, mchid: _mchid, ...wanted } = order(name);
  const native = await pay.transactions_native(wanted);
  assert.equal(native.status, 200, JSON.stringify(native));
  assert.ok(native.data.code_url);
  const jsapi = await pay.transactions_jsapi({ ...wanted, out_trade_no: number('nd'), payer: { openid: 'oX' } });
  await sandbox('pay', { gateway: 'wechatpay', params: jsapi.data });
  await verified();
  const app = await pay.transactions_app({ ...wanted, out_trade_no: number('nd') });
  await sandbox('pay', { gateway: 'wechatpay', params: app.data });
  await verified();
  const h5 = await pay.transactions_h5(
    { ...wanted, out_trade_no: number('nd'), scene_info: { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } } });
  assert.ok(h5.data.h5_url, JSON.stringify(h5));
  await paid(name);
  const news = await verified();
  assert.equal(news.out_trade_no, name);
  assert.equal((await pay.query({ out_trade_no: name })).data.trade_state, 'SUCCESS');
  const refund = await pay.refunds({
    out_trade_no: name, out_refund_no: number('back'), amount: { refund: 8800, total: 8800, currency: 'CNY' },
  });
  assert.equal(refund.status, 200, JSON.stringify(refund));
  assert.equal((await pay.find_refunds(refund.data.out_refund_no)).data.status, 'SUCCESS');
  const other = number('nd');
  await pay.transactions_native({ ...wanted, out_trade_no: other });
  assert.equal((await pay.close(other)).status, 204);
  const unknown = await pay.query({ out_trade_no: 'nobody_1' });
  assert.equal(unknown.status, 404);
  assert.match(unknown.error, /ORDER_NOT_EXIST/);

  async function verified() {
    const { headers, body } = await merchant.notify();
    assert.ok(await pay.verifySign({
      timestamp: headers['wechatpay-timestamp'], nonce: headers['wechatpay-nonce'], body,
      serial: headers['wechatpay-serial'], signature: headers['wechatpay-signature'], apiSecret: wx.api_v3_key,
    }));
    const { resource } = JSON.parse(body);
    return pay.decipher_gcm(resource.ciphertext, resource.associated_data, resource.nonce, wx.api_v3_key);
  }
});

async function refused(status, code, call) {
  await assert.rejects(call, (error) => {
    assert.equal(error.response?.status, status, String(error));
    assert.equal(error.response.data.code, code);
    return true;
  });
}

function serialOf(name) {
  return new X509Certificate(file(name)).serialNumber;
}
