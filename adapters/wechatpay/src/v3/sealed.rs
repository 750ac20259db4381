//! What the gateway seals with the APIv3 key, in notifies and in the certificate list alike
//! 「证书和回调报文解密」. Whose words they are is proven by the signature around it alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::json::Object;
use crate::Refusal;
use crate::grammar::malformed;
use crate::keys::ResourceKey;

/// Bytes of a GCM tag.
const TAG_LEN: usize = 16;

/// Opens `{algorithm, nonce, associated_data?, ciphertext}`; the tag must hold.
pub(crate) fn open(key: &ResourceKey, sealed: &Object<'_>) -> Result<Vec<u8>, Refusal> {
    const UNDECRYPTABLE: Refusal = Refusal::Undecryptable {
        key: "api_v3_key_file",
    };
    if sealed.text("algorithm", "algorithm")? != "AEAD_AES_256_GCM" {
        return Err(malformed("algorithm", "AEAD_AES_256_GCM"));
    }
    let nonce: [u8; 12] = sealed
        .text("nonce", "nonce")?
        .as_bytes()
        .try_into()
        .map_err(|_length| malformed("nonce", "12 bytes"))?;
    let associated_data = sealed
        .optional_text("associated_data", "associated_data")?
        .unwrap_or_default();
    let mut bytes = STANDARD
        .decode(sealed.text("ciphertext", "ciphertext")?)
        .map_err(|_invalid| malformed("ciphertext", "Base64"))?;
    if bytes.len() < TAG_LEN {
        return Err(malformed("ciphertext", "at least the 16 bytes of a tag"));
    }
    let length = key
        .open(nonce, associated_data.as_bytes(), &mut bytes)
        .ok_or(UNDECRYPTABLE)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}
