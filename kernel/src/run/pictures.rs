//! Pictures of a saved notebook as outputs of their own.
//!
//! In JupyterLab a picture is inline in HTML, because only so it follows the page's theme. Pages that
//! show the notebooks of a repository take inline SVG out of HTML, and show `image/svg+xml`; so that is
//! how a notebook is saved, each picture on a light card.

use super::text;
use serde_json::{Value, json};

const SVG: &str = "image/svg+xml";
const HTML: &str = "text/html";
/// Colour of the text on a card, where the picture takes that of the page.
const INK: &str = "#1f2328";
/// A wide picture takes the width that there is; a small one would be blown up.
const WIDE: f64 = 600.0;
/// Space between the picture and the edge of its card, in the picture's units.
const MARGIN: f64 = 12.0;

/// The outputs of a cell, with the pictures taken out of their HTML. What runs a script, and what is no
/// well-formed XML, stays as it is.
pub fn apart(outputs: Vec<Value>) -> Vec<Value> {
    outputs
        .into_iter()
        .flat_map(|output| split(&output).unwrap_or_else(|| vec![output]))
        .collect()
}

/// One output for each picture and for each text around it, in their order.
fn split(output: &Value) -> Option<Vec<Value>> {
    let html = text(output["data"].get(HTML)?);
    if html.contains("<script") {
        return None;
    }
    let mut parts: Vec<(&str, String)> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html.as_str();
    while let Some(from) = rest.find("<svg") {
        let to = from + end_of(&rest[from..])?;
        parts.push((HTML, balanced(&rest[..from], &mut open)));
        parts.push((SVG, card(&rest[from..to])?));
        rest = &rest[to..];
    }
    parts.push((HTML, balanced(rest, &mut open)));
    parts.retain(|(mime, part)| *mime == SVG || says_something(part));
    if !parts.iter().any(|(mime, _)| *mime == SVG) {
        return None;
    }
    // What is no picture goes with the last part: the data, and the whole as plain text.
    let last = parts.len() - 1;
    let made = parts.into_iter().enumerate().map(|(number, (mime, part))| {
        let mut one = output.clone();
        let data = one["data"].as_object_mut()?;
        data.shift_remove(HTML);
        if number < last {
            data.clear();
            if let Some(description) = description(&part) {
                data.insert("text/plain".to_owned(), json!([description]));
            }
            one["output_type"] = json!("display_data");
            one.as_object_mut()?.shift_remove("execution_count");
        }
        one["data"][mime] = part.split_inclusive('\n').collect();
        Some(one)
    });
    made.collect()
}

/// Where the picture that begins here ends; pictures may hold pictures.
fn end_of(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    loop {
        let close = at + text[at..].find("</svg>")?;
        depth += text[at..close].matches("<svg").count();
        at = close + "</svg>".len();
        depth -= 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// A piece of HTML with the elements that were open before it opened again, and those that it leaves
/// open closed; they are open for the next piece.
fn balanced(piece: &str, open: &mut Vec<String>) -> String {
    const VOID: [&str; 6] = ["br", "hr", "img", "input", "col", "wbr"];
    let mut out = open.concat();
    out.push_str(piece);
    for tag in piece.split('<').skip(1).filter_map(|t| t.split_once('>')) {
        let tag = tag.0;
        let name = name(tag);
        if tag.starts_with('/') {
            open.pop();
        } else if !tag.ends_with('/') && !tag.starts_with('!') && !VOID.contains(&name) {
            open.push(format!("<{tag}>"));
        }
    }
    for tag in open.iter().rev() {
        out.push_str(&format!("</{}>", name(&tag[1..])));
    }
    out
}

fn name(tag: &str) -> &str {
    tag.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
}

/// Whether there is more to a piece of HTML than tags and style.
fn says_something(html: &str) -> bool {
    let mut style = false;
    html.split('<').enumerate().any(|(number, part)| {
        let (tag, after) = match number {
            0 => ("", part),
            _ => part.split_once('>').unwrap_or((part, "")),
        };
        style = name(tag) == "style";
        !style && !after.trim().is_empty()
    })
}

fn description(svg: &str) -> Option<String> {
    let document = roxmltree::Document::parse(svg).ok()?;
    let label = document.root_element().attribute("aria-label")?;
    Some(label.to_owned())
}

/// The picture alone: on a light card, so that it is legible on any page.
fn card(svg: &str) -> Option<String> {
    // Inline, a picture needs no namespace.
    let named = match svg[..svg.find('>')?].contains("xmlns=") {
        true => svg.to_owned(),
        false => svg.replacen("<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"", 1),
    };
    let document = roxmltree::Document::parse(&named).ok()?;
    let root = document.root_element();
    let numbers: Vec<f64> = root
        .attribute("viewBox")?
        .split([' ', ','])
        .filter_map(|number| number.parse().ok())
        .collect();
    let &[x, y, width, height] = numbers.as_slice() else {
        return None;
    };
    let label = root
        .attribute("aria-label")
        .map(tandem_record::draw::escape);
    let (left, top) = (x - MARGIN, y - MARGIN);
    let (wide, high) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    let inner = without(&named, &["width", "height", "x", "y"]);
    let inner = inner.replacen(
        "<svg",
        &format!("<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\""),
        1,
    );
    let size = match width < WIDE {
        true => format!("width=\"{wide}\" height=\"{high}\" "),
        false => String::new(),
    };
    let card = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{left} {top} {wide} {high}\" {size}\
         role=\"img\" aria-label=\"{}\" color=\"{INK}\" style=\"--jp-content-font-color1:{INK}\"><rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\" rx=\"6\" \
         fill=\"#fff\"/>{inner}</svg>",
        label.unwrap_or_default()
    );
    roxmltree::Document::parse(&card).ok()?;
    Some(card)
}

/// The picture without these attributes of its root.
fn without(svg: &str, attributes: &[&str]) -> String {
    let (head, body) = svg.split_at(svg.find('>').unwrap_or(0));
    let mut head = head.to_owned();
    for name in attributes {
        let begin = format!(" {name}=\"");
        if let Some(from) = head.find(&begin) {
            let value = from + begin.len();
            let to = head[value..]
                .find('"')
                .map_or(head.len(), |at| value + at + 1);
            head.replace_range(from..to, "");
        }
    }
    head + body
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: &str = "<svg viewBox=\"0 0 20 10\" width=\"100%\" role=\"img\" aria-label=\"a &lt; b\"><text>x</text></svg>";

    fn output(html: &str) -> Value {
        json!({
            "output_type": "execute_result", "execution_count": 3, "metadata": {},
            "data": {"text/html": [html], "text/plain": ["all"], "application/x+json": {"a": 1}},
        })
    }

    fn html(value: &Value) -> String {
        text(&value["data"][HTML])
    }

    #[test]
    fn a_picture_between_texts_becomes_an_output_between_them() {
        let all = format!(
            "<div class=\"a\"><style>p {{}}</style><p>one<br>two</p><figure>{PICTURE}<figcaption>c</figcaption></figure></div>"
        );
        let parts = apart(vec![output(&all)]);
        assert_eq!(parts.len(), 3, "{parts:#?}");
        assert_eq!(
            html(&parts[0]),
            "<div class=\"a\"><style>p {}</style><p>one<br>two</p><figure></figure></div>"
        );
        assert_eq!(parts[1]["data"]["text/plain"], json!(["a < b"]));
        let svg = text(&parts[1]["data"][SVG]);
        let parsed = roxmltree::Document::parse(&svg).expect("well-formed");
        assert_eq!(parsed.root_element().attribute("width"), Some("44"));
        assert_eq!(
            html(&parts[2]),
            "<div class=\"a\"><figure><figcaption>c</figcaption></figure></div>"
        );
        assert_eq!(parts[0]["output_type"], "display_data");
        assert_eq!(parts[2]["output_type"], "execute_result");
        assert_eq!(parts[2]["data"]["application/x+json"]["a"], 1);
        assert_eq!(parts[2]["data"]["text/plain"], json!(["all"]));
    }

    #[test]
    fn a_picture_alone_keeps_what_goes_with_it() {
        let parts = apart(vec![output(&format!("<div>{PICTURE}</div>"))]);
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0]["data"]["text/plain"], json!(["all"]));
        assert!(parts[0]["data"][SVG].is_array() && parts[0]["data"].get(HTML).is_none());
    }

    #[test]
    fn what_is_no_picture_stays() {
        for html in [
            "<p>no picture</p>",
            "<script></script><svg viewBox=\"0 0 1 1\"></svg>",
            "<svg viewBox=\"0 0 1 1\"><br></svg>",
            "<svg>",
        ] {
            assert_eq!(apart(vec![output(html)]), [output(html)]);
        }
    }
}
