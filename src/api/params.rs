//! What a client may ask for, in query and path.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use utoipa::IntoParams;

use super::problem::Problem;

/// Entries of one page, at most.
const MAX_LIMIT: u32 = 1000;
/// Entries of one page where nothing is asked for.
const DEFAULT_LIMIT: u32 = 100;

/// Which page of a list.
#[derive(Clone, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// At most so many entries
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    pub limit: u32,
    /// Those that follow the one of this number or key, from the `Link` of the page before
    pub after: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| Problem::bad_request(format!("the query cannot be read: {error}")))?;
        Self::read(&pairs).map_err(Problem::bad_request)
    }
}

impl Paging {
    fn read(pairs: &[(String, String)]) -> Result<Self, String> {
        let (mut limit, mut after) = (None, None);
        for (name, value) in pairs {
            let given = match name.as_str() {
                "limit" => limit.replace(value),
                "after" => after.replace(value),
                _ => return Err(format!("there is no parameter `{name}`; accepted: limit and after")),
            };
            if given.is_some() {
                return Err(format!("`{name}` is given twice"));
            }
        }
        let limit = limit.map_or(Ok(DEFAULT_LIMIT), |text| {
            let number = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
            number.ok_or_else(|| format!("`limit` is `{text}`; accepted: a whole number from 1 to {MAX_LIMIT}"))
        })?;
        Ok(Self { limit, after: after.cloned() })
    }

    /// The number that is asked for, where entries have numbers.
    pub(super) fn after_number(&self) -> Result<Option<i64>, Problem> {
        let refused = |text| Problem::bad_request(format!("`after` is `{text}`; accepted: a whole number of 64 bits"));
        self.after.as_ref().map(|text| text.parse().map_err(|_| refused(text))).transpose()
    }
}

/// What stands in the path, whatever it is.
#[derive(Clone, Debug)]
pub(super) struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let Path(text) = text.map_err(|error| Problem::bad_request(format!("the path cannot be read: {error}")))?;
        Ok(Self(text))
    }
}

/// A number in the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Named(text) = Named::from_request_parts(parts, state).await?;
        let number = text.parse().map(Self);
        number.map_err(|_| Problem::bad_request(format!("`{text}` is no number; accepted: a whole number of 64 bits")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Paging, String> {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Paging::read(&pairs)
    }

    #[test]
    fn without_parameters_it_is_the_first_hundred() {
        assert_eq!(read(&[]), Ok(Paging { limit: 100, after: None }));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_accepted() {
        for limit in ["0", "1001", "-1", "ten", "", "1.5", "99999999999999999999"] {
            let said = format!("`limit` is `{limit}`; accepted: a whole number from 1 to 1000");
            assert_eq!(read(&[("limit", limit)]), Err(said));
        }
        assert_eq!(read(&[("offset", "1")]), Err("there is no parameter `offset`; accepted: limit and after".into()));
        assert_eq!(read(&[("limit", "1"), ("limit", "2")]), Err("`limit` is given twice".into()));
    }

    #[test]
    fn a_number_may_be_any_of_64_bits() {
        let after = |text: &str| read(&[("after", text)]).unwrap().after_number();
        for number in [-7, 0, i64::MIN, i64::MAX] {
            assert_eq!(after(&number.to_string()).unwrap(), Some(number));
        }
        for text in ["9223372036854775808", "x"] {
            let said = format!("`after` is `{text}`; accepted: a whole number of 64 bits");
            assert_eq!(after(text).unwrap_err().detail(), said);
        }
    }
}
