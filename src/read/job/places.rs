//! Where in a job's text each key and value stands, for messages about values that RON itself finds in order.

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::read) struct Place {
    pub line: usize,
    pub column: usize,
}

/// The place of every value of a RON text, by its path: `data/rmin`, `refine/Uiso.Co/start`, `ties/0`.
pub(in crate::read) struct Places(Vec<(String, Place)>);

enum Kind {
    /// A bare word or a number.
    Word(String),
    /// What stands between quotes.
    Quoted(String),
    Mark(char),
}

struct Token {
    kind: Kind,
    place: Place,
}

/// An open bracket: the path of what it holds, and the key or index that is being filled.
struct Open {
    path: String,
    key: Option<String>,
    index: Option<usize>,
}

impl Places {
    /// Reads a text that RON has accepted; of any other text the places are a guess, but there is no panic.
    pub fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let mut places = Vec::new();
        let mut stack = vec![Open { path: String::new(), key: None, index: None }];
        for (i, token) in tokens.iter().enumerate() {
            let Some(top) = stack.last_mut() else { break };
            match &token.kind {
                Kind::Word(text) | Kind::Quoted(text) if is_mark(tokens.get(i + 1), ':') => {
                    top.key = Some(text.clone());
                    let value = tokens.get(i + 2).unwrap_or(token);
                    places.push((top.current(), value.place));
                }
                Kind::Word(_) | Kind::Quoted(_) => top.note_item(token.place, &mut places),
                Kind::Mark('(' | '{') => {
                    top.note_item(token.place, &mut places);
                    let path = top.current();
                    stack.push(Open { path, key: None, index: None });
                }
                Kind::Mark('[') => {
                    let path = top.current();
                    stack.push(Open { path, key: None, index: Some(0) });
                }
                Kind::Mark(')' | '}' | ']') => drop(stack.pop()),
                Kind::Mark(',') => top.advance(),
                Kind::Mark(_) => {}
            }
        }
        Self(places)
    }

    /// The place of the value at `path`, or of the nearest value around it that has one.
    pub fn of_path(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some((_, place)) = self.0.iter().find(|(p, _)| p == path) {
                return *place;
            }
            match path.rsplit_once('/') {
                Some((outer, _)) => path = outer,
                None => return Place { line: 1, column: 1 },
            }
        }
    }
}

impl Open {
    fn current(&self) -> String {
        let step = self.key.clone().or(self.index.map(|i| i.to_string()));
        match (self.path.is_empty(), step) {
            (_, None) => self.path.clone(),
            (true, Some(step)) => step,
            (false, Some(step)) => format!("{}/{step}", self.path),
        }
    }

    /// The first token of a list's item gives the item its place.
    fn note_item(&self, place: Place, places: &mut Vec<(String, Place)>) {
        let path = self.current();
        if self.index.is_some() && !places.iter().any(|(p, _)| *p == path) {
            places.push((path, place));
        }
    }

    fn advance(&mut self) {
        self.key = None;
        self.index = self.index.map(|i| i + 1);
    }
}

fn is_mark(token: Option<&Token>, mark: char) -> bool {
    matches!(token, Some(Token { kind: Kind::Mark(c), .. }) if *c == mark)
}

/// The bytes of the bare word at exactly that path.
pub(super) fn word_at(text: &str, path: &str) -> Option<std::ops::Range<usize>> {
    let (_, place) = Places::of(text).0.into_iter().find(|(known, _)| known == path)?;
    let line: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let before: usize = text[line..].chars().take(place.column - 1).map(char::len_utf8).sum();
    let start = line + before;
    let word = text[start..].find(ends_word).unwrap_or(text.len() - start);
    (word > 0).then(|| start..start + word)
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "()[]{}:,\"/".contains(c)
}

/// Characters with their places.
struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    place: Place,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else {
            self.place.column += 1;
        }
        Some(c)
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    /// Skips to the end of a block comment; such comments nest.
    fn skip_block(&mut self) {
        let mut depth = 1;
        while depth > 0 {
            let Some(c) = self.next() else { return };
            match (c, self.rest.peek()) {
                ('*', Some('/')) => depth -= 1,
                ('/', Some('*')) => depth += 1,
                _ => continue,
            }
            self.next();
        }
    }

    fn quoted(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '"' => break,
                '\\' => text.extend(self.next()),
                c => text.push(c),
            }
        }
        text
    }

    fn word(&mut self, first: char) -> String {
        let mut text = String::from(first);
        while let Some(&c) = self.rest.peek() {
            if ends_word(c) {
                break;
            }
            text.extend(self.next());
        }
        text
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader { rest: text.chars().peekable(), place: Place { line: 1, column: 1 } };
    let mut tokens = Vec::new();
    loop {
        let place = reader.place;
        let Some(c) = reader.next() else { return tokens };
        let kind = match c {
            c if c.is_whitespace() => continue,
            '/' if reader.rest.peek() == Some(&'/') => {
                reader.skip_line();
                continue;
            }
            '/' if reader.rest.peek() == Some(&'*') => {
                reader.next();
                reader.skip_block();
                continue;
            }
            '"' => Kind::Quoted(reader.quoted()),
            '(' | ')' | '[' | ']' | '{' | '}' | ':' | ',' => Kind::Mark(c),
            c => Kind::Word(reader.word(c)),
        };
        tokens.push(Token { kind, place });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"// "a": (9)
(
    data: (file: "x, y: (z).gr", /* rmin: 3 */
        rmin: 1.0, grid: Step(0.1)),
    refine: {
        "a": (start: 5.0), "Uiso.Co": (),
    },
    ties: ["Uiso.C = Uiso.N",
        "b = a"],
    bonds: [(pair: "Co-N"), (pair: "Zn-N",
        bin: 0.1)],
)
"#;

    #[test]
    fn every_value_has_its_place() {
        let places = Places::of(TEXT);
        for (path, line, column) in [
            ("data/file", 3, 18),
            ("data/rmin", 4, 15),
            ("refine/a/start", 6, 22),
            ("refine/Uiso.Co", 6, 39),
            ("refine/Uiso.Co/start", 6, 39),
            ("ties/0", 8, 12),
            ("ties/1", 9, 9),
            ("bonds/1/pair", 10, 36),
            ("bonds/1/bin", 11, 14),
        ] {
            assert_eq!(places.of_path(path), Place { line, column }, "{path}");
        }
    }

    #[test]
    fn broken_text_is_no_panic() {
        for text in ["", ")))", "((((", "\"", "/*", "a:", "[,,,", "\\", "data: (rmin", "/"] {
            assert_eq!(Places::of(text).of_path("nowhere"), Place { line: 1, column: 1 }, "{text}");
        }
    }
}
