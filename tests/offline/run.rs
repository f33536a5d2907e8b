//! What a run may become, held against the picture in the documents.

use rowscore::run::{FailurePolicy, RunState};

#[test]
fn a_name_reads_back_as_its_variant() {
    for state in RunState::ALL {
        assert_eq!(state.name().parse::<RunState>().unwrap(), *state);
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_names_that_are_accepted() {
    let error = "retry_some".parse::<FailurePolicy>().unwrap_err().to_string();
    assert_eq!(error, "`retry_some` is none of: retry_failed, retry_all, leave");
}

#[test]
fn the_drawn_state_machine_is_the_one_in_the_code() {
    let drawn: Vec<(RunState, RunState)> = include_str!("../../docs/ARCHITECTURE.md")
        .lines()
        .filter_map(|line| line.trim().split(": ").next()?.split_once(" --> "))
        .filter_map(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)))
        .collect();
    for &from in RunState::ALL {
        for &to in RunState::ALL {
            assert_eq!(drawn.contains(&(from, to)), from.may_become(to), "{from} --> {to}");
        }
    }
}

#[test]
fn of_the_runs_that_are_over_only_a_failed_one_moves_again() {
    let moving: Vec<_> = RunState::ALL
        .iter()
        .filter(|state| state.is_over() && RunState::ALL.iter().any(|next| state.may_become(*next)))
        .collect();
    assert_eq!(moving, [&RunState::Failed]);
}
