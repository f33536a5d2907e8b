//! What a standing asks of its reader.

use crate::run::named;

named! {
    /// What a standing asks of its reader. Later ones are worse.
    #[derive(PartialOrd, Ord)]
    pub enum Mood {
        /// Nothing.
        Calm = "calm",
        /// To wait.
        Busy = "busy",
        /// To have a look.
        Odd = "odd",
        /// To do something.
        Bad = "bad",
    }
}
