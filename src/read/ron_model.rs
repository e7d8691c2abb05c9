//! The project's own models: [`Model`] field by field in RON.

use ron::extensions::Extensions;

use super::{ReadError, Reading, sound};
use crate::model::Model;

/// Reads a model that was written as RON, by hand or by [`crate::write::ron`].
///
/// `Some(...)` may be left out around a value; an unknown field is an error. With `cluster: true` there is no cell, and positions are in
/// Å.
///
/// # Errors
/// Text that is no such RON, with line and column; a structure that no later room could work with.
///
/// ```
/// let text = r#"(title: "Po", cell: (a: 3.359, b: 3.359, c: 3.359, alpha: 90, beta: 90, gamma: 90),
///     sites: [(label: "Po1", species: "Po", position: (0, 0, 0), adp: Iso(0.01))])"#;
/// let model = corefine::read::ron_model::ron_model(text, "po.ron").unwrap().value;
/// assert_eq!(model.sites[0].occ, 1.0);
/// ```
pub fn ron_model(text: &str, name: &str) -> Result<Reading<Model>, ReadError> {
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    let model: Model = options.from_str(text).map_err(|error| {
        let start = error.span.start;
        let message = format!("column {}: {}", start.col, error.code);
        ReadError::syntax(name, Some(start.line), message, "compare with a model that this program ships in models/")
    })?;
    sound::check(&model, name)?;
    Ok(Reading { value: model, warnings: Vec::new() })
}
