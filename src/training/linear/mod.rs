//! Linear machines: logistic regression, linear support vectors, least squares.

mod least_squares;
mod loss;
mod newton;
mod problem;

pub(super) use least_squares::least_squares;
pub(super) use loss::{Logistic, Loss, Softmax, SquaredHinge};
pub(super) use newton::{Minimum, minimise};
pub(super) use problem::{Intercept, Problem};
