//! Data blocks: the words of a CIF put in order as items and tables.

use super::tokens::{Kind, Token};
use crate::read::ReadError;

/// One value and the line it stands on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub text: String,
    /// Stood without quotes.
    pub bare: bool,
    pub line: usize,
}

/// A `data_` block.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    pub name: String,
    pub line: usize,
    pub items: Vec<(String, Value)>,
    pub loops: Vec<Loop>,
    /// Comments of the block and, for the first block, of the lines before it.
    pub comments: Vec<String>,
}

/// A `loop_`: tags, and values row by row.
#[derive(Debug, Clone, Default)]
pub(super) struct Loop {
    pub line: usize,
    pub tags: Vec<String>,
    pub values: Vec<Value>,
}

/// The rows of a category, wherever they stood: in a loop, or as single items.
pub(super) struct Table<'a> {
    tags: Vec<&'a str>,
    values: Vec<&'a Value>,
}

impl Value {
    /// The text, or `None` for a bare `?` (unknown) or `.` (does not apply).
    pub fn known(&self) -> Option<&str> {
        (!(self.bare && matches!(self.text.as_str(), "?" | "."))).then_some(self.text.as_str())
    }

    /// A bare `.`: the item does not apply.
    pub fn is_dot(&self) -> bool {
        self.bare && self.text == "."
    }
}

impl Block {
    /// The value of the first of the tags that the block has as a single item or in a loop's first row.
    pub fn value(&self, tags: &[&str]) -> Option<&Value> {
        tags.iter().find_map(|tag| self.item(tag).or_else(|| self.table(tag)?.column(tag)?.first().copied()))
    }

    /// The text of the first of the tags that is known.
    pub fn text(&self, tags: &[&str]) -> Option<&str> {
        tags.iter().find_map(|tag| self.value(&[tag]).and_then(Value::known))
    }

    fn item(&self, tag: &str) -> Option<&Value> {
        self.items.iter().find(|(name, _)| name == tag).map(|(_, value)| value)
    }

    /// The table that has this column. Single items make a table of one row.
    pub fn table(&self, tag: &str) -> Option<Table<'_>> {
        if let Some(found) = self.loops.iter().find(|l| l.tags.iter().any(|t| t == tag)) {
            return Some(Table {
                tags: found.tags.iter().map(String::as_str).collect(),
                values: found.values.iter().collect(),
            });
        }
        self.item(tag)?;
        Some(Table {
            tags: self.items.iter().map(|(name, _)| name.as_str()).collect(),
            values: self.items.iter().map(|(_, value)| value).collect(),
        })
    }
}

impl<'a> Table<'a> {
    /// The values of one column.
    pub fn column(&self, tag: &str) -> Option<Vec<&'a Value>> {
        let k = self.tags.iter().position(|t| *t == tag)?;
        Some(self.values.chunks(self.tags.len()).map(|row| row[k]).collect())
    }

    /// The first of the columns that the table has.
    pub fn first_column(&self, tags: &[&str]) -> Option<Vec<&'a Value>> {
        tags.iter().find_map(|tag| self.column(tag))
    }
}

/// The blocks of a file, and warnings about what is odd in them.
///
/// # Errors
/// A tag without a value, a value without a tag, a loop whose last row is not full.
pub(super) fn blocks(tokens: Vec<Token>, name: &str) -> Result<(Vec<Block>, Vec<String>), ReadError> {
    let mut builder = Builder { name, blocks: Vec::new(), early_comments: Vec::new(), warnings: Vec::new() };
    let mut words = tokens.into_iter().peekable();
    while let Some(token) = words.next() {
        match token.kind {
            Kind::Data(title) => builder.open(title, token.line),
            Kind::Comment(text) => builder.comment(text),
            Kind::Save => {}
            Kind::Loop => {
                let found = read_loop(token.line, &mut words, &mut builder)?;
                builder.block(found.line)?.loops.push(found);
            }
            Kind::Tag(tag) => {
                let value = read_value(&tag, token.line, &mut words, &mut builder)?;
                builder.item(tag, value)?;
            }
            Kind::Value { text, .. } => return Err(stray(name, token.line, &text)),
        }
    }
    Ok((builder.blocks, builder.warnings))
}

type Words = std::iter::Peekable<std::vec::IntoIter<Token>>;

struct Builder<'n> {
    name: &'n str,
    blocks: Vec<Block>,
    early_comments: Vec<String>,
    warnings: Vec<String>,
}

impl Builder<'_> {
    fn open(&mut self, name: String, line: usize) {
        let comments = std::mem::take(&mut self.early_comments);
        self.blocks.push(Block { name, line, comments, ..Block::default() });
    }

    fn comment(&mut self, text: String) {
        match self.blocks.last_mut() {
            Some(block) => block.comments.push(text),
            None => self.early_comments.push(text),
        }
    }

    fn block(&mut self, line: usize) -> Result<&mut Block, ReadError> {
        let name = self.name;
        self.blocks.last_mut().ok_or_else(|| {
            ReadError::syntax(
                name,
                Some(line),
                "values stand before the first \"data_\" line",
                "a CIF starts with data_NAME; check that this is a CIF and that its start is not cut off",
            )
        })
    }

    fn item(&mut self, tag: String, value: Value) -> Result<(), ReadError> {
        let (file, line) = (self.name, value.line);
        let block = self.block(line)?;
        if block.items.iter().any(|(known, _)| *known == tag) {
            self.warnings.push(format!("{file}:{line}: {tag} stands twice; the first value was used"));
        } else {
            block.items.push((tag, value));
        }
        Ok(())
    }
}

/// The value behind a tag.
fn read_value(tag: &str, line: usize, words: &mut Words, builder: &mut Builder<'_>) -> Result<Value, ReadError> {
    skip_comments(words, builder);
    next_value(words).ok_or_else(|| {
        ReadError::syntax(
            builder.name,
            Some(line),
            format!("{tag} has no value"),
            "write its value behind it, ? if it is unknown; if the file ends here it was cut short",
        )
    })
}

fn skip_comments(words: &mut Words, builder: &mut Builder<'_>) {
    while let Some(Token { kind: Kind::Comment(text), .. }) =
        words.next_if(|token| matches!(token.kind, Kind::Comment(_)))
    {
        builder.comment(text);
    }
}

fn next_value(words: &mut Words) -> Option<Value> {
    let token = words.next_if(|token| matches!(token.kind, Kind::Value { .. }))?;
    match token.kind {
        Kind::Value { text, bare } => Some(Value { text, bare, line: token.line }),
        _ => None,
    }
}

/// Tags and values of a loop.
fn read_loop(line: usize, words: &mut Words, builder: &mut Builder<'_>) -> Result<Loop, ReadError> {
    let mut found = Loop { line, ..Loop::default() };
    skip_comments(words, builder);
    while let Some(Token { kind: Kind::Tag(tag), .. }) = words.next_if(|token| matches!(token.kind, Kind::Tag(_))) {
        found.tags.push(tag);
        skip_comments(words, builder);
    }
    while let Some(value) = next_value(words) {
        found.values.push(value);
        skip_comments(words, builder);
    }
    complete(&found, builder.name)?;
    Ok(found)
}

/// A loop has tags, values, and a full last row.
fn complete(found: &Loop, name: &str) -> Result<(), ReadError> {
    let (columns, values) = (found.tags.len(), found.values.len());
    if columns == 0 {
        return Err(ReadError::syntax(
            name,
            Some(found.line),
            "loop_ is followed by no tag",
            "list the columns' tags behind it, such as _atom_site_label",
        ));
    }
    if !values.is_multiple_of(columns) {
        let last = found.values.last().map_or(found.line, |value| value.line);
        return Err(ReadError::syntax(
            name,
            Some(last),
            format!(
                "the loop of {} that starts on line {} has {columns} columns but {values} values: its last row is not full",
                found.tags[0], found.line
            ),
            "a value is missing or one too many in a row, or the file was cut short",
        ));
    }
    Ok(())
}

fn stray(name: &str, line: usize, text: &str) -> ReadError {
    let shown: String = text.chars().take(40).collect();
    ReadError::syntax(
        name,
        Some(line),
        format!("the value \"{shown}\" belongs to no tag"),
        "put quotes around a value with blanks in it, or write a tag before it; if there is no data_ line, this is no CIF",
    )
}
