//! What must be there before a run: the database, the tables, and logins that may do what they need. `rowscore init` makes
//! it by hand, and a function that is there for this alone makes it where no hand gets in.

mod error;
mod making;
mod told;

pub use error::SetUpError;
pub use making::{Grants, Missing, Site};
