//! Everything that a front end may show of a comparison: the picture with its table and its
//! sentence, the picture alone, plain text, and data.

use crate::draw::{self, Place};
use crate::figures::Comparison;
use crate::recording::Lane;
use crate::words::escape;
use crate::{conclusion, data, table, text};
use tandem_cell::MimeBundle;

/// MIME type of the figures; [`data`] describes them.
pub const MIME: &str = "application/vnd.tandem.timeline+json";

/// The representations of a comparison. `baseline` is the index of the lane that speedups
/// refer to.
pub fn bundle(title: &str, lanes: &[Lane], baseline: usize) -> MimeBundle {
    let comparison = Comparison::new(title, lanes, baseline);
    let sentence = conclusion::sentence(&comparison);
    let html = format!(
        "<div style=\"max-width:760px\">{}<p style=\"margin:.6em 0\"><strong>{}</strong></p>{}\
         <p style=\"margin:.4em 0;font-size:90%;opacity:.8\">{}</p></div>",
        draw::svg(&comparison, Place::Page),
        escape(&sentence),
        table::html(&comparison),
        escape(&conclusion::notes(&comparison).join(" "))
    );
    MimeBundle::text(text::text(&comparison))
        .with("text/html", html)
        .with("image/svg+xml", draw::svg(&comparison, Place::Alone))
        .with(MIME, data::json(&comparison))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::turns_and_together;

    #[test]
    fn every_representation_carries_the_title_and_the_sentence() {
        let mut lanes = turns_and_together();
        lanes[0].label = "Python <2> & more".into();
        let bundle = bundle("Who?", &lanes, 0);
        let sentence = conclusion::sentence(&Comparison::new("Who?", &lanes, 0));
        for (mime, said) in [
            ("text/plain", sentence.clone()),
            ("text/html", escape(&sentence)),
            ("image/svg+xml", escape(&sentence)),
        ] {
            let content = bundle.data[mime].as_str().unwrap();
            assert!(
                content.contains(&said) && content.contains("Who?"),
                "{mime}: {content}"
            );
        }
        assert_eq!(bundle.data[MIME]["conclusion"], sentence.as_str());
        assert_eq!(bundle.data[MIME]["version"], data::VERSION);
    }

    #[test]
    fn the_page_is_well_formed() {
        let mut lanes = turns_and_together();
        lanes[0].label = "a <b> & \"c\"".into();
        let bundle = bundle("t < u", &lanes, 0);
        roxmltree::Document::parse(bundle.data["text/html"].as_str().unwrap()).unwrap();
    }
}
