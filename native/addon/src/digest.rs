//! SHA-256 as lower-case hex.

use ring::digest::Context;

pub fn hex(context: Context) -> String {
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
