//! A picture of how something grows, as SVG that can be read on light and on dark.

use std::fmt::Write as _;

/// One line of a panel: its name, its points, and the bound of each.
pub type Line<'a> = (&'a str, Vec<(f64, f64, f64)>);

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 220.0;
const MARGIN: (f64, f64) = (56.0, 40.0);

const STYLE: &str = "text{font:12px sans-serif;fill:#24292f}.axis{stroke:#8c959f;fill:none}.bound{stroke-dasharray:4 3;opacity:.7}\
.l0{stroke:#0969da;fill:#0969da}.l1{stroke:#bc4c00;fill:#bc4c00}.l2{stroke:#1a7f37;fill:#1a7f37}polyline{fill:none!important;stroke-width:2}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.l0{stroke:#58a6ff;fill:#58a6ff}.l1{stroke:#ffa657;fill:#ffa657}.l2{stroke:#56d364;fill:#56d364}}";

/// Panels side by side, each with a title and lines over the same sizes. Both axes are logarithmic.
#[must_use]
pub fn svg(what: &str, panels: &[(&str, Vec<Line<'_>>)]) -> String {
    let width = f64::from(u32::try_from(panels.len()).unwrap()) * (WIDTH + MARGIN.0) + 20.0;
    let height = HEIGHT + 2.0 * MARGIN.1 + 20.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{what}\"><style>{STYLE}</style>\n"
    );
    let mut left = MARGIN.0;
    for (title, lines) in panels {
        let all = || lines.iter().flat_map(|(_, points)| points);
        let xs = decades(all().map(|it| it.0));
        let ys = decades(all().flat_map(|it| [it.1, it.2]).filter(|value| *value > 0.0));
        let x = |value: f64| left + WIDTH * (value.log10() - xs.0) / (xs.1 - xs.0);
        let y = |value: f64| {
            MARGIN.1 + HEIGHT * (1.0 - (value.max(10f64.powf(ys.0)).log10() - ys.0) / (ys.1 - ys.0))
        };
        let _ = writeln!(svg, "<text x=\"{left:.0}\" y=\"20\" font-weight=\"bold\">{title}</text>");
        let (right, bottom) = (left + WIDTH, MARGIN.1 + HEIGHT);
        let _ =
            writeln!(svg, "<path class=\"axis\" d=\"M{left:.0} {:.0}V{bottom:.0}H{right:.0}\"/>", MARGIN.1);
        for tick in marks(xs) {
            let _ = writeln!(
                svg,
                "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
                x(tick),
                bottom + 16.0,
                short(tick)
            );
        }
        for tick in marks(ys) {
            let _ = writeln!(
                svg,
                "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>",
                left - 6.0,
                y(tick) + 4.0,
                short(tick)
            );
        }
        for (n, (name, points)) in lines.iter().enumerate() {
            let path = |of: fn(&(f64, f64, f64)) -> f64| {
                let points = points.iter().filter(|it| of(it) > 0.0);
                points.map(|it| format!("{:.1},{:.1}", x(it.0), y(of(it)))).collect::<Vec<_>>().join(" ")
            };
            let _ = writeln!(svg, "<polyline class=\"l{n}\" points=\"{}\"/>", path(|it| it.1));
            let _ = writeln!(svg, "<polyline class=\"l{n} bound\" points=\"{}\"/>", path(|it| it.2));
            let below = MARGIN.1 + HEIGHT + 34.0 + 14.0 * f64::from(u32::try_from(n).unwrap());
            let _ = writeln!(
                svg,
                "<text x=\"{left:.0}\" y=\"{below:.0}\" class=\"l{n}\" stroke=\"none\" style=\"stroke:none\">{name}</text>"
            );
        }
        left += WIDTH + MARGIN.0;
    }
    svg + "</svg>\n"
}

/// The powers of ten around these values.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::MAX, f64::MIN), |(low, high), it| (low.min(it.log10()), high.max(it.log10())));
    (low.floor(), high.ceil().max(low.floor() + 1.0))
}

/// The powers of ten from one to the other.
fn marks((low, high): (f64, f64)) -> Vec<f64> {
    std::iter::successors(Some(low), |at| Some(at + 1.0))
        .take_while(|at| *at <= high)
        .map(|at| 10f64.powf(at))
        .collect()
}

fn short(value: f64) -> String {
    if value >= 1_000_000.0 {
        format!("{:.0} M", value / 1_000_000.0)
    } else if value >= 1_000.0 {
        format!("{:.0} k", value / 1_000.0)
    } else {
        format!("{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_line_and_a_bound_for_each_name() {
        let lines =
            vec![("a", vec![(10.0, 20.0, 10.0), (1_000.0, 2_000.0, 1_500.0)]), ("b", vec![(10.0, 1.0, 0.0)])];
        let picture = svg("growth", &[("calls", lines)]);
        assert_eq!(picture.matches("<polyline").count(), 4);
        assert!(picture.contains(">1 k</text>") && picture.contains("prefers-color-scheme:dark"));
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    }
}
