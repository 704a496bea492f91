//! What JavaScript can call; argument and result shapes as in `types.ts`.

mod files;
mod floe;
mod memory;
mod numbers;
mod speed;
mod splitter;
mod system;
