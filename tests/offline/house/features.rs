//! What is compiled with the feature `aws`, and what without it.

use std::process::Command;

/// The names of the packages that the program is made of, with these arguments of Cargo.
fn packages(arguments: &[&str]) -> Vec<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let output = tree.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Whether a package is one that reaches AWS, and not one that AWS made for all.
fn reaches_aws(package: &str) -> bool {
    (package.starts_with("aws-") && !package.starts_with("aws-lc-")) || package == "lambda_http"
}

#[test]
fn without_the_feature_aws_nothing_is_compiled_that_reaches_aws() {
    let mut with = packages(&[]);
    with.retain(|package| reaches_aws(package));
    assert!(["aws-config", "aws-sdk-sqs", "lambda_http"].iter().all(|name| with.iter().any(|other| other == name)));
    let without = packages(&["--no-default-features"]);
    assert!(without.iter().any(|package| package == "mysql_async"), "{without:?}");
    assert!(!without.iter().any(|package| reaches_aws(package)), "{without:?}");
}
