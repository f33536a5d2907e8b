//! How closely the items of a page lie together.

/// How many of the rows between a page's first and its last item are its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Density {
    /// Most of them: they are found soonest by looking at all.
    Dense,
    /// Few, or nobody knows.
    #[default]
    Sparse,
}
