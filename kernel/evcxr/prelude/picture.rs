//! Pictures that a cell draws.

use std::fmt::Display;

/// Colours that colour-blind readers can tell apart, and that stand out on light and on dark pages (after
/// Okabe and Ito, Color Universal Design, 2008).
pub const COLOURS: [&str; 5] = ["#E69F00", "#56B4E9", "#2AB08A", "#CC79A7", "#B8B000"];

/// A picture under construction: SVG, with text in the colour of the page. Lengths are in pixels, from the
/// upper left corner.
///
/// ```
/// let mut picture = tandem::Picture::new(200.0, 40.0, "One box");
/// picture.filled(10.0, 10.0, 80.0, 20.0, tandem::COLOURS[0], "A");
/// picture.show("A box with the letter A");
/// ```
pub struct Picture {
    width: f64,
    height: f64,
    title: String,
    body: String,
}

impl Picture {
    /// An empty picture. Its title is for those who cannot see it, and for the mouse.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        Picture {
            width,
            height,
            title: title.to_owned(),
            body: String::new(),
        }
    }

    /// Adds an element of SVG.
    pub fn add(&mut self, element: impl Display) {
        self.body.push_str(&format!("{element}\n"));
    }

    /// Text at a point; `anchor` says which part of it stands there: `start`, `middle` or `end`. Lines that
    /// cross it leave room for it.
    pub fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let around = "paint-order:stroke;stroke:var(--jp-layout-color0,Canvas);stroke-width:4px";
        self.add(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" style="{around}">{}</text>"#,
            escape(text)
        ));
    }

    /// Bold text that begins at a point.
    pub fn bold(&mut self, x: f64, y: f64, text: &str) {
        self.add(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" font-weight="bold">{}</text>"#,
            escape(text)
        ));
    }

    /// A box of a colour, with a label in its middle.
    pub fn filled(&mut self, x: f64, y: f64, w: f64, h: f64, colour: &str, label: &str) {
        self.rect(x, y, w, h, &format!(r#"fill="{colour}""#));
        if !label.is_empty() {
            let (x, y) = (x + w / 2.0, y + h / 2.0 + 4.5);
            self.add(format_args!(
                r##"<text x="{x:.1}" y="{y:.1}" text-anchor="middle" fill="#111">{}</text>"##,
                escape(label)
            ));
        }
    }

    /// A box with a dashed edge.
    pub fn outline(&mut self, x: f64, y: f64, w: f64, h: f64) {
        let style = r#"fill="none" stroke="currentColor" stroke-dasharray="3 3""#;
        self.rect(x, y, w, h, style);
    }

    /// A box with attributes of SVG.
    pub fn rect(&mut self, x: f64, y: f64, w: f64, h: f64, style: &str) {
        self.add(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" rx="2" {style}/>"#
        ));
    }

    /// A line; `opacity` is from 0 to 1.
    pub fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, opacity: f64) {
        let ends = format!(r#"x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}""#);
        self.add(format_args!(
            r#"<line {ends} stroke="currentColor" stroke-opacity="{opacity}"/>"#
        ));
    }

    /// A circle with attributes of SVG.
    pub fn circle(&mut self, x: f64, y: f64, radius: f64, style: &str) {
        self.add(format_args!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" {style}/>"#
        ));
    }

    /// A line with a head at its end.
    pub fn arrow(&mut self, x1: f64, y1: f64, x2: f64, y2: f64) {
        let length = (x2 - x1).hypot(y2 - y1).max(1.0);
        let (ux, uy) = ((x2 - x1) / length * 9.0, (y2 - y1) / length * 9.0);
        let (bx, by) = (x2 - ux, y2 - uy);
        self.line(x1, y1, bx, by, 1.0);
        self.add(format_args!(
            r#"<path d="M{x2:.1} {y2:.1} L{:.1} {:.1} L{:.1} {:.1} Z"/>"#,
            bx - uy * 0.45,
            by + ux * 0.45,
            bx + uy * 0.45,
            by - ux * 0.45
        ));
    }

    /// Shows the picture; `words` says what is in it to readers who cannot see it.
    pub fn show(&self, words: &str) {
        let (w, h) = (self.width, self.height);
        let (title, told) = (escape(&self.title), escape(words));
        // On a narrow page a picture is moved rather than made too small to read.
        let narrow = w.min(560.0);
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}. {told}" viewBox="0 0 {w} {h}" width="{w}" height="{h}" style="max-width:100%;min-width:{narrow}px;height:auto" font-size="13" font-family="system-ui,sans-serif" fill="currentColor"><title>{title}</title>{}</svg>"#,
            self.body
        );
        crate::display_bundle(&[
            (
                "text/html",
                &format!(r#"<div style="overflow-x:auto">{svg}</div>"#),
            ),
            ("text/plain", &format!("{}. {words}", self.title)),
        ]);
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
