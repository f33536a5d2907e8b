//! A Rust file as words and signs: without comments, texts, characters and lifetimes.

/// The words of `source`, `::` and `..` as one sign each, and every other sign alone.
pub(super) fn tokens(source: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment(rest),
            '"' => text(rest),
            '\'' => character(rest),
            _ if raw_text(rest).is_some() => raw_text(rest).unwrap_or(1),
            'b' | 'c' if rest[1..].starts_with('"') => 1 + text(&rest[1..]),
            'b' if rest[1..].starts_with('\'') => 1 + character(&rest[1..]),
            _ if first.is_whitespace() => first.len_utf8(),
            _ => {
                let token = word_or_sign(rest);
                tokens.push(token);
                token.len()
            }
        };
        rest = &rest[length..];
    }
    tokens
}

fn word_or_sign(rest: &str) -> &str {
    let word = rest.find(|sign: char| !is_in_word(sign)).unwrap_or(rest.len());
    match rest {
        _ if word > 0 => &rest[..word],
        _ if rest.starts_with("::") || rest.starts_with("..") => &rest[..2],
        _ => &rest[..rest.chars().next().map_or(0, char::len_utf8)],
    }
}

fn is_in_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// Whether a token is a word, and not a number.
pub(super) fn is_name(token: &str) -> bool {
    token.starts_with(|sign: char| is_in_word(sign) && !sign.is_numeric())
}

/// The length of a comment, with those inside it.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a text between quotes.
fn text(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a text like `r#"…"#`, if it is one.
fn raw_text(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix(['b', 'c']).unwrap_or(rest).strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(rest.len() - body.len() + body.find(&end)? + end.len())
}

/// The length of a character, or of a lifetime.
fn character(rest: &str) -> usize {
    let mut signs = rest.char_indices().skip(1);
    match (signs.next(), signs.next()) {
        (Some((_, '\\')), _) => rest[3..].find('\'').map_or(rest.len(), |end| 3 + end + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1 + rest[1..].find(|sign| !is_in_word(sign)).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_left_out() {
        let source =
            "a // b\n/* c /* d */ e */ f \"g \\\" h\" 'i' '\\'' '\\u{1F600}' &'j k r#\"l \" m\"# b'n' b\"o\" p";
        assert_eq!(tokens(source), ["a", "f", "&", "k", "p"]);
    }

    #[test]
    fn paths_and_ranges_have_signs_of_their_own() {
        assert_eq!(tokens("a::b(..C::d, 1.0)"), ["a", "::", "b", "(", "..", "C", "::", "d", ",", "1", ".", "0", ")"]);
    }
}
