//! What describe and lists show.

use klamm_machine::{Publication, Time};
use klamm_messages::{
    klamm::v1::VisibilityDocument,
    temporal::{
        common::v1::{Memo, SearchAttributes},
        enums::v1::ScheduleOverlapPolicy as Policy,
        schedule::v1::{Range, ScheduleListInfo, ScheduleState, StructuredCalendarSpec},
        workflowservice::v1::DescribeScheduleResponse,
    },
};
use klamm_schedule::{STEPS_MAX, spec::Steps, view};
use prost::Message;

use crate::{
    env::{Env, ID, at, create_with, every, minutely, overlap, patch_body, payloads, seconds},
    text::time,
};

fn steps() -> Steps {
    Steps::new(STEPS_MAX)
}

fn describe(env: &Env) -> DescribeScheduleResponse {
    view::describe(ID, &env.definition(), &env.progress(), env.now(), &mut steps())
}

fn times(times: &[prost_types::Timestamp]) -> String {
    times.iter().map(|due| time(&Some(*due))).collect::<Vec<_>>().join(" ")
}

fn documents(env: &mut Env) -> Vec<VisibilityDocument> {
    let documents = std::mem::take(&mut env.publications).into_iter();
    documents
        .map(|publication| if let Publication::Visibility(document) = publication { *document } else { panic!("{publication:?}") })
        .collect()
}

fn info(document: &VisibilityDocument) -> ScheduleListInfo {
    let payload = &document.memo.as_ref().unwrap().fields["ScheduleInfo"];
    assert_eq!(payload.metadata["encoding"], "binary/plain");
    ScheduleListInfo::decode(&payload.data[..]).unwrap()
}

#[test]
fn describe_shows_the_schedule_with_its_defaults_and_where_it_stands() {
    let mut env = Env::created(overlap(Policy::BufferAll));
    env.advance(150_000);
    let shown = describe(&env);
    let schedule = shown.schedule.unwrap();
    assert_eq!(schedule.spec, Some(klamm_schedule::spec::Spec::compile(&every(60)).unwrap().canonical().clone()));
    assert_eq!(schedule.action, minutely().action);
    assert_eq!(schedule.state, Some(ScheduleState::default()));
    let policies = schedule.policies.unwrap();
    assert_eq!((policies.overlap_policy(), policies.catchup_window), (Policy::BufferAll, Some(seconds(365 * 86_400))));
    let info = shown.info.unwrap();
    assert_eq!((info.action_count, info.buffer_size, info.running_workflows.len(), info.recent_actions.len()), (1, 1, 1, 1));
    assert_eq!(info.running_workflows[0].run_id, env.starts["w-2026-01-01T00:01:00Z"].run_id);
    assert_eq!((info.create_time, info.update_time), (Some(at(0)), None));
    insta::assert_snapshot!(times(&info.future_action_times), @"00:03:00 00:04:00 00:05:00 00:06:00 00:07:00 00:08:00 00:09:00 00:10:00 00:11:00 00:12:00");
    assert_eq!(shown.conflict_token[..], 1_i64.to_be_bytes());
    let mut env = Env::created(|_| ());
    let policies = describe(&env).schedule.unwrap().policies.unwrap();
    assert_eq!(policies.overlap_policy(), Policy::Skip);
    env.update(|_| ());
    assert_eq!(describe(&env).info.unwrap().update_time, Some(at(0)));
}

#[test]
fn future_times_are_shown_while_paused_and_end_with_the_limit() {
    let future = |env: &Env| times(&describe(env).info.unwrap().future_action_times);
    let mut env = Env::created(|schedule| {
        schedule.state = Some(ScheduleState { paused: true, ..ScheduleState::default() });
    });
    env.advance(90_000);
    insta::assert_snapshot!(future(&env), @"00:02:00 00:03:00 00:04:00 00:05:00 00:06:00 00:07:00 00:08:00 00:09:00 00:10:00 00:11:00");
    let env = Env::created(|schedule| {
        schedule.state = Some(ScheduleState { limited_actions: true, remaining_actions: 2, ..ScheduleState::default() });
    });
    insta::assert_snapshot!(future(&env), @"00:01:00 00:02:00");
    let env = Env::created(|schedule| {
        schedule.state = Some(ScheduleState { limited_actions: true, remaining_actions: 0, ..ScheduleState::default() });
    });
    assert_eq!(future(&env), "");
}

#[test]
fn matching_times_begin_after_the_start_and_are_no_more_than_a_thousand() {
    let env = Env::created(|_| ());
    let matching = |start, end| times(&view::matching_times(ID, &env.definition(), &at(start), &at(end), &mut steps()).unwrap().unwrap());
    insta::assert_snapshot!(matching(0, 180), @"00:01:00 00:02:00 00:03:00");
    assert_eq!(matching(180, 0), "");
    assert_eq!(view::matching_times(ID, &env.definition(), &at(0), &at(1_000_000), &mut steps()).unwrap().unwrap().len(), 1000);
}

#[test]
fn the_document_looks_like_temporals() {
    let mut env = Env::new();
    env.accept(create_with(minutely(), "r", |request| {
        request.search_attributes =
            Some(SearchAttributes { indexed_fields: [("Word".to_owned(), payloads("x").payloads.remove(0))].into() });
        request.memo = Some(Memo { fields: [("note".to_owned(), payloads("y").payloads.remove(0))].into() });
    }));
    let [document] = documents(&mut env).try_into().unwrap();
    assert_eq!((document.namespace.as_str(), document.workflow_id.as_str()), ("default", "temporal-sys-scheduler:s"));
    assert_eq!(
        (document.workflow_type.as_str(), document.status, document.start_time),
        ("temporal-sys-scheduler-workflow", 1, Some(at(0)))
    );
    assert_eq!(document.run_id, env.definition().incarnation);
    let attributes = document.search_attributes.clone().unwrap().indexed_fields;
    let text = |name: &str| String::from_utf8_lossy(&attributes[name].data).into_owned();
    assert_eq!(
        (text("Word").as_str(), text("TemporalNamespaceDivision").as_str(), text("TemporalSchedulePaused").as_str()),
        ("x", "\"TemporalScheduler\"", "false")
    );
    let memo = document.memo.clone().unwrap().fields;
    assert_eq!(memo["note"].data, "y");
    let info = info(&document);
    assert_eq!((info.paused, info.workflow_type.clone().unwrap().name.as_str()), (false, "W"));
    insta::assert_snapshot!(times(&info.future_action_times), @"00:01:00 00:02:00 00:03:00 00:04:00 00:05:00");
}

#[test]
fn documents_are_published_when_what_they_show_changes() {
    let mut env = Env::created(|_| ());
    documents(&mut env);
    env.advance(60_000);
    // The start is shown with its answer.
    let [document] = documents(&mut env).try_into().unwrap();
    assert_eq!(
        (info(&document).recent_actions.len(), times(&info(&document).future_action_times)),
        (1, "00:02:00 00:03:00 00:04:00 00:05:00 00:06:00".to_owned())
    );
    env.advance(60_000);
    let [document] = documents(&mut env).try_into().unwrap();
    assert_eq!(times(&info(&document).future_action_times), "00:03:00 00:04:00 00:05:00 00:06:00 00:07:00");
    env.complete();
    let [document] = documents(&mut env).try_into().unwrap();
    assert_eq!(info(&document).recent_actions[0].start_workflow_status, 2);
    env.patch(|patch| patch.pause = "stop".to_owned());
    let [document] = documents(&mut env).try_into().unwrap();
    assert_eq!((info(&document).paused, info(&document).notes.as_str()), (true, "stop"));
    assert_eq!(document.search_attributes.unwrap().indexed_fields["TemporalSchedulePaused"].data, "true");
    env.accept(patch_body("seen", |_| ()));
    assert_eq!(documents(&mut env), []);
}

#[test]
fn lists_show_no_more_than_they_must() {
    let mut env = Env::created(|schedule| {
        let spec = schedule.spec.as_mut().unwrap();
        let calendar =
            |hour| StructuredCalendarSpec { hour: vec![Range { start: hour, end: hour, step: 1 }], ..StructuredCalendarSpec::default() };
        spec.exclude_structured_calendar = (0..12).map(calendar).collect();
        overlap(Policy::AllowAll)(schedule);
    });
    env.advance(86_400_000 / 2 + 600_000);
    let shown = info(&documents(&mut env).pop().expect("its actions were shown"));
    assert_eq!(shown.spec.unwrap().exclude_structured_calendar.len(), 10);
    assert_eq!((shown.recent_actions.len(), shown.future_action_times.len()), (5, 5));
    assert_eq!(describe(&env).info.unwrap().recent_actions.len(), 10);
}

#[test]
fn a_schedule_is_small() {
    let mut env = Env::created(|_| ());
    for _ in 0..20 {
        env.advance(60_000);
        env.complete();
    }
    let bytes: usize = env.rows.bytes().iter().filter(|(key, _)| key[0] != 11).map(|(key, row)| key.len() + row.len()).sum();
    assert!(bytes < 3072, "{bytes}");
    assert!(Time::from(at(1)) < env.now());
}
