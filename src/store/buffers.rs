//! The driver's buffers, kept small.

use std::{env, fs};

/// mysql_async's variable for the bytes that a buffer keeps when it goes back to the driver's pool.
const CAP: &str = "MYSQL_ASYNC_BUFFER_SIZE_CAP";

/// Bytes: more than a row of most tables. A page's statement is some hundred times as long.
const KEPT: &str = "8192";

/// Has the driver's pooled buffers shrink after a page. By its default each of the 128 keeps up to
/// 4 MiB, and one after the other would come to hold a whole page: memory would grow with the table.
///
/// The driver takes this from the environment only, which may be changed while no other thread can
/// read it: call it first thing in `main`. Later, or where threads cannot be counted, it does nothing.
pub fn keep_small() {
    let threads = fs::read_dir("/proc/self/task").map_or(usize::MAX, Iterator::count);
    if threads == 1 && env::var_os(CAP).is_none() {
        #[expect(unsafe_code, reason = "there is no other thread")]
        unsafe {
            env::set_var(CAP, KEPT);
        }
    }
}
