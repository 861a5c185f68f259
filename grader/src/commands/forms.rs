//! Verdicts in the forms that other programs read.

use tandem_grader::course::exercise::Exercise;
use tandem_grader::course::{marks, verify};
use tandem_grader::show;
use tandem_grader::verdict::{Outcome, Verdict};

/// The marks, and what to tell: one test for being right, one for being fast where that is asked.
pub fn gradescope(exercise: &Exercise, verdict: &Verdict) -> serde_json::Value {
    let text = |part: &str| anstream::adapter::strip_str(part).to_string();
    let marks = marks::of(exercise, verdict);
    let test = |name: &str, (score, most): (f64, f64), output: String| {
        serde_json::json!({
            "name": name,
            "score": score,
            "max_score": most,
            "status": if score > 0.0 { "passed" } else { "failed" },
            "output": output,
        })
    };
    let mut shown = verdict.clone();
    if !verdict.answers_wrongly() {
        shown.speed = None;
    }
    let mut tests = vec![test(
        "right under every interleaving that was run",
        marks.right,
        show::plain(&shown, &show::Texts::new(), 100),
    )];
    if let (Some(demand), Some(fast)) = (&exercise.about.speed, marks.fast) {
        let told = match &verdict.speed {
            Some(speed) => text(&tandem_grader::speedup::show::text(speed)),
            None => "not measured: it has to be right first".into(),
        };
        let name = format!("faster on {} cores", demand.cores);
        tests.push(test(&name, fast, told));
    }
    serde_json::json!({
        "score": marks.total(),
        "output": format!("{}: {}", exercise.name, exercise.about.title),
        "tests": tests,
    })
}

/// One test case: it fails with each finding, and where it is too slow.
pub fn junit(exercise: &Exercise, verdict: &Verdict) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            // XML has no other control characters.
            .replace(|c: char| c.is_control() && !"\t\n\r".contains(c), "?")
    };
    let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
    let mut failures: Vec<(String, String, String)> = verdict
        .findings
        .iter()
        .map(|finding| {
            let text = plain(&show::finding(finding, &show::Texts::new(), 100));
            (verify::kind(finding.kind), finding.message.clone(), text)
        })
        .collect();
    if let (Outcome::Fail, Some(speed), true) =
        (verdict.verdict, &verdict.speed, failures.is_empty())
    {
        let text = plain(&tandem_grader::speedup::show::text(speed));
        failures.push((verify::judgement(speed), speed.message.clone(), text));
    }
    let mut cases: String = failures
        .iter()
        .map(|(kind, message, text)| {
            format!(
                "<failure type=\"{kind}\" message=\"{}\">{}</failure>",
                escape(message),
                escape(text)
            )
        })
        .collect();
    let refused = matches!(verdict.verdict, Outcome::Refused | Outcome::Error);
    if refused {
        cases += &format!("<error message=\"{}\"/>", escape(&plain(&verdict.message)));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"tandem-grader\" tests=\"1\" failures=\"{}\" errors=\"{}\">\
         <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\">{cases}</testcase></testsuite>\n",
        usize::from(!failures.is_empty()),
        usize::from(refused),
        escape(&exercise.topic),
        escape(&exercise.name),
        verdict.seconds
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tandem_grader::course::exercise;

    fn measured(judgement: &str, speedup: f64, marks: u32) -> (Exercise, Verdict) {
        let speed = json!({
            "judgement": judgement, "message": "words", "cores": 8, "speedup": speedup, "marks": marks,
            "curve": [], "reference_ms": 1.0, "serial_fraction": 0.0, "causes": [], "threads": [], "length": 1,
        });
        let mut verdict = Verdict::new(Outcome::Pass, "");
        verdict.add_speed(serde_json::from_value(speed).expect("its JSON form"));
        let exercises = exercise::carried().expect("whole");
        let exercise = exercise::find(&exercises, "parallel_sum").expect("there");
        (exercise.clone(), verdict)
    }

    #[test]
    fn what_is_too_slow_fails_and_keeps_the_marks_for_being_right() {
        let (exercise, verdict) = measured("too-slow", 2.0, 35);
        let xml = junit(&exercise, &verdict);
        assert!(xml.contains("failures=\"1\""), "{xml}");
        assert!(xml.contains("<failure type=\"too-slow\""), "{xml}");
        let results = gradescope(&exercise, &verdict);
        assert_eq!(results["score"], 67.5, "{results}");
        assert_eq!(results["tests"][0]["status"], "passed", "{results}");
    }

    #[test]
    fn a_wrong_answer_at_full_size_has_no_marks() {
        let (exercise, verdict) = measured("wrong-answer", 0.0, 0);
        assert!(junit(&exercise, &verdict).contains("<failure type=\"wrong-answer\""));
        let results = gradescope(&exercise, &verdict);
        assert_eq!(results["score"], 0.0, "{results}");
        assert_eq!(results["tests"][0]["status"], "failed", "{results}");
    }

    #[test]
    fn what_is_right_and_fast_passes() {
        let (exercise, verdict) = measured("pass", 7.5, 100);
        assert!(junit(&exercise, &verdict).contains("failures=\"0\" errors=\"0\""));
        assert_eq!(gradescope(&exercise, &verdict)["score"], 100.0);
    }
}
