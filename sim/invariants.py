"""What must hold of every simulated life, whatever went wrong: one function each.

Checked against the kernel and containerd's memory, never against the shim's own view. Ids
are of the list of invariants in docs/faults.md.
"""

from collections.abc import Callable, Iterator
from typing import Final

from sim import answers, effects, honesty, liveness, order, possible, reasons, safety, soon, starts
from sim.outcome import Outcome, Violation

# What a rule raises, and what Python warns of.
BUG: Final = "bug"
Invariant = Callable[[Outcome], Iterator[str]]


def bugs(outcome: Outcome) -> Iterator[str]:
    """No rule raises."""
    for name, bug in outcome.machine.world.scheduler.bugs:
        yield f"{name}: {bug!r}"


INVARIANTS: Final[tuple[tuple[str, Invariant], ...]] = (
    ("S1", order.s1_exit_once),
    ("S2", order.s2_start_before_exit),
    ("S3", order.s3_execs_before_init),
    ("S4", order.s4_create_first_delete_last),
    ("S5", order.s5_exit_truth),
    ("S6", order.s6_no_false_zero),
    ("S7", order.s7_one_answer),
    ("S8", order.s8_time_sanity),
    ("S9", safety.s9_nobody_is_killed_unasked),
    ("S11", safety.s11_exited_means_dead),
    ("S12", safety.s12_start_means_started),
    ("S13", safety.s13_a_failed_create_is_no_news),
    ("S13", safety.s13_a_failed_create_unmounts),
    ("S14", safety.s14_delete_can_be_repeated),
    ("S14", safety.s14_a_delete_unmounts),
    ("S16", safety.s16_containment),
    ("S17", safety.s17_references),
    ("S18", safety.s18_no_foreign_unit),
    ("S19", safety.s19_create_means_created),
    ("S22", order.s22_runtime_errors_are_no_exits),
    ("S30", safety.s30_a_recorded_exec_has_its_spec),
    ("S31", safety.s31_one_start),
    ("S33", order.s33_namespace_isolation),
    ("S33", order.s33_an_exit_names_its_pid),
    ("S35", safety.s35_phases),
    ("S36", reasons.s36_no_refusal_without_a_reason),
    ("S37", answers.s37_an_answer_is_of_its_kind),
    ("S37", answers.s37_a_view_shows_what_was_asked_for),
    ("S37", answers.s37_a_view_has_an_exit_once_it_is_over),
    ("S37", answers.s37_pids_are_of_the_container),
    ("S37", answers.s37_connect_answers_the_init),
    ("S37", answers.s37_a_delete_tells_the_exit),
    ("S37", answers.s37_debug_shows_the_evidence),
    ("S38", effects.s38_who_has_a_terminal_got_it),
    ("S38", effects.s38_a_signal_is_sent),
    ("S38", effects.s38_stdin_is_closed),
    ("S38", effects.s38_a_delete_lets_output_drain),
    ("S38", effects.s38_a_terminal_has_its_size),
    ("S39", possible.s39_no_success_where_there_can_be_none),
    ("S39", possible.s39_runc_is_not_asked_in_vain),
    ("S1", honesty.s1_nothing_is_told_twice),
    ("S2", honesty.s2_what_ended_itself_was_started),
    ("S8", honesty.s8_times_are_systemds),
    ("S11", honesty.s11_running_means_started),
    ("S11", honesty.s11_paused_means_paused),
    ("S11", honesty.s11_state_says_whether_it_is_frozen),
    ("S11", honesty.s11_an_ended_exec_is_dead),
    ("S12", starts.s12_who_is_told_to_run_was_let_go),
    ("S12", starts.s12_a_failed_start_runs_nothing),
    ("S12", starts.s12_a_failed_exec_ends),
    ("S12", starts.s12_a_failed_start_ends),
    ("S12", starts.s12_our_own_kill_is_told_as_255),
    ("S31", starts.s31_a_start_under_way_is_not_cut_off),
    ("S16", honesty.s16_nobody_outlives_the_init),
    ("S17", honesty.s17_no_unit_is_lost),
    ("L1", liveness.l1_every_exit_is_told),
    ("L1", soon.l1_exits_are_told_soon),
    ("L1", soon.l1_an_inits_exit_waits_for_its_execs_alone),
    ("L2", liveness.l2_nobody_waits_for_ever),
    ("L3", liveness.l3_every_call_ends),
    ("L3", liveness.l3_no_call_lasts_for_long),
    ("L4", liveness.l4_delete_succeeds),
    ("L6", liveness.l6_nothing_is_left),
    ("L6", liveness.l6_a_deleted_exec_leaves_soon),
    ("L6", starts.l6_a_failed_create_leaves_no_unit),
    ("L6", starts.l6_a_create_given_up_leaves_no_unit),
    ("L6", starts.l6_a_failed_exec_leaves_no_unit),
    ("L9", liveness.l9_every_life_is_told_to_its_end),
    ("L9", effects.l9_what_was_done_is_told),
    ("L9", soon.l9_news_is_told_soon),
    ("L13", liveness.l13_no_hot_loop),
    (BUG, bugs),
)

# Judged where a machine is shut down (sim/run.py).
STOPS: Final = "L10"
# Whatever a violation may be called.
NAMES: Final = (*dict.fromkeys(name for name, _ in INVARIANTS), STOPS)

# What holds at every moment; the others speak of how things come to an end.
AT_ANY_TIME: Final = tuple(
    (name, holds) for name, holds in INVARIANTS if not name.startswith("L") and name != "S17"
)


def check(outcome: Outcome) -> list[Violation]:
    """Of a run that has come to its end."""
    return _judged(INVARIANTS, outcome)


def check_so_far(outcome: Outcome) -> list[Violation]:
    """Of one that is broken off."""
    return _judged(AT_ANY_TIME, outcome)


def _judged(invariants: tuple[tuple[str, Invariant], ...], outcome: Outcome) -> list[Violation]:
    found: list[Violation] = []
    for name, holds in invariants:
        try:
            found += [Violation(name, what) for what in holds(outcome)]
        except Exception as bug:  # noqa: BLE001 (what no invariant understands is a finding)
            found.append(Violation(name, f"{holds.__name__} cannot judge it: {bug!r}"))
    return found
