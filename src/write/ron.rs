//! A model as RON, the project's own form.

use ron::ser::PrettyConfig;

use crate::model::Model;

/// The model as RON: one line per site, fields named, no struct names.
///
/// [`crate::read::ron_model::ron_model`] reads it back equal.
///
/// ```
/// use corefine::{read::structure, write};
/// let text = r#"(cell: (a: 3.3, b: 3.3, c: 3.3, alpha: 90, beta: 90, gamma: 90),
///     sites: [(label: "Po1", species: "Po", position: (0, 0.1, 0))])"#;
/// let model = structure(text.as_bytes(), "po.ron").unwrap().value;
/// assert_eq!(structure(write::ron(&model).as_bytes(), "po.ron").unwrap().value, model);
/// ```
pub fn ron(model: &Model) -> String {
    // Two levels deep: the fields of the model and the entries of its lists have lines of their own.
    let config = PrettyConfig::new().depth_limit(2).new_line("\n".to_owned()).indentor("  ".to_owned());
    let mut text = ::ron::ser::to_string_pretty(model, config).unwrap_or_default();
    text.push('\n');
    text
}
