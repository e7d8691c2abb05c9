//! Formulas as people write them, and their values and derivatives.

use super::TieError;

/// A function, its value and its derivative.
type Function = (&'static str, fn(f64) -> f64, fn(f64) -> f64);

/// The functions that a formula may call.
const FUNCTIONS: [Function; 13] = [
    ("sqrt", f64::sqrt, |x| 0.5 / x.sqrt()),
    ("exp", f64::exp, f64::exp),
    ("ln", f64::ln, f64::recip),
    ("log10", f64::log10, |x| 1.0 / (x * std::f64::consts::LN_10)),
    ("sin", f64::sin, f64::cos),
    ("cos", f64::cos, |x| -x.sin()),
    ("tan", f64::tan, |x| 1.0 + x.tan().powi(2)),
    ("asin", f64::asin, |x| 1.0 / (1.0 - x * x).sqrt()),
    ("acos", f64::acos, |x| -1.0 / (1.0 - x * x).sqrt()),
    ("atan", f64::atan, |x| 1.0 / (1.0 + x * x)),
    ("sinh", f64::sinh, f64::cosh),
    ("cosh", f64::cosh, f64::sinh),
    ("tanh", f64::tanh, |x| 1.0 - x.tanh().powi(2)),
];

/// Their names.
pub(super) fn function_names() -> String {
    FUNCTIONS.map(|(name, ..)| name).join(" ")
}

/// Deepest nesting; a formula that a person wrote has a few.
const DEEPEST: usize = 24;
/// Most characters of one formula.
const LONGEST: usize = 2000;

/// A formula in the order of its computation: each step takes its operands from a stack and leaves its result there.
#[derive(Debug, Clone, Default)]
pub(super) struct Formula {
    steps: Vec<Step>,
    /// The parameters it uses, in the order in which they come.
    pub variables: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Number(f64),
    Variable(usize),
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Negate,
    Call(Function),
}

/// A value and its derivative by one variable.
#[derive(Debug, Clone, Copy)]
struct Dual {
    value: f64,
    slope: f64,
}

impl Formula {
    /// The value, and the derivative by the variable of index `by`, from the values of the variables.
    pub(super) fn value_and_slope(&self, point: &[f64], by: usize) -> (f64, f64) {
        let mut stack = Vec::new();
        for step in &self.steps {
            let result = match *step {
                Step::Number(value) => Dual { value, slope: 0.0 },
                Step::Variable(i) => Dual { value: point[i], slope: f64::from(u8::from(i == by)) },
                Step::Negate => negated(pop(&mut stack)),
                Step::Call(function) => called(function, pop(&mut stack)),
                _ => {
                    let right = pop(&mut stack);
                    binary(*step, pop(&mut stack), right)
                }
            };
            stack.push(result);
        }
        let Dual { value, slope } = pop(&mut stack);
        (value, slope)
    }
}

/// The reader writes every operand before its operator, so the stack is never empty here.
fn pop(stack: &mut Vec<Dual>) -> Dual {
    stack.pop().unwrap_or(Dual { value: f64::NAN, slope: f64::NAN })
}

fn negated(x: Dual) -> Dual {
    Dual { value: -x.value, slope: -x.slope }
}

fn called((_, value, derivative): Function, x: Dual) -> Dual {
    Dual { value: value(x.value), slope: times(derivative(x.value), x.slope) }
}

fn binary(step: Step, a: Dual, b: Dual) -> Dual {
    let Dual { value: x, slope: dx } = a;
    let Dual { value: y, slope: dy } = b;
    match step {
        Step::Add => Dual { value: x + y, slope: dx + dy },
        Step::Subtract => Dual { value: x - y, slope: dx - dy },
        Step::Multiply => Dual { value: x * y, slope: dx * y + x * dy },
        Step::Divide => Dual { value: x / y, slope: (dx - x / y * dy) / y },
        _ => Dual { value: x.powf(y), slope: times(y * x.powf(y - 1.0), dx) + times(x.powf(y) * x.ln(), dy) },
    }
}

/// `a b`, and 0 where b is: what does not depend on the variable has no derivative, even where a is infinite.
fn times(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a * b }
}

/// `target = formula` at the equals sign.
pub(super) fn split(tie: &str) -> Result<(String, &str), TieError> {
    let form = || TieError::Form { tie: tie.to_owned() };
    let (target, formula) = tie.split_once('=').ok_or_else(form)?;
    let target = target.trim();
    let bare = target.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
    let good = bare.is_some_and(|name| !name.is_empty() && !name.contains(['{', '}']))
        || (target.starts_with(starts_name) && target.chars().all(in_name));
    if !good || formula.contains('=') {
        return Err(form());
    }
    Ok((bare.unwrap_or(target).to_owned(), formula))
}

/// Reads the formula on the right side of `tie`.
pub(super) fn read(tie: &str, formula: &str) -> Result<Formula, TieError> {
    let offset = tie.chars().count() - formula.chars().count();
    let mut reader =
        Reader { tie, chars: formula.chars().collect(), offset, at: 0, depth: 0, formula: Formula::default() };
    if reader.chars.len() > LONGEST {
        return Err(reader.wrong(0, format!("the formula has more than {LONGEST} characters")));
    }
    reader.sum()?;
    match reader.peek() {
        None => Ok(reader.formula),
        Some(_) => Err(reader.unexpected()),
    }
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '\'' | '@')
}

type Part<'a> = fn(&mut Reader<'a>) -> Result<(), TieError>;

struct Reader<'a> {
    tie: &'a str,
    chars: Vec<char>,
    offset: usize,
    at: usize,
    depth: usize,
    formula: Formula,
}

impl<'a> Reader<'a> {
    /// `product (+|- product)*`
    fn sum(&mut self) -> Result<(), TieError> {
        self.chain(&[('+', Step::Add), ('-', Step::Subtract)], Self::product)
    }

    /// `signed (*|/ signed)*`
    fn product(&mut self) -> Result<(), TieError> {
        self.chain(&[('*', Step::Multiply), ('/', Step::Divide)], Self::signed)
    }

    fn chain(&mut self, operators: &[(char, Step)], part: Part<'a>) -> Result<(), TieError> {
        part(self)?;
        while let Some(&(_, step)) = operators.iter().find(|(sign, _)| self.peek() == Some(*sign)) {
            self.at += 1;
            part(self)?;
            self.formula.steps.push(step);
        }
        Ok(())
    }

    /// `-signed | +signed | power`
    fn signed(&mut self) -> Result<(), TieError> {
        match self.peek() {
            Some('-') => {
                self.nested(Self::signed)?;
                self.formula.steps.push(Step::Negate);
                Ok(())
            }
            Some('+') => self.nested(Self::signed),
            _ => self.power(),
        }
    }

    /// `atom (^ signed)?`: a sign binds less than the power on its right, `-x^2`, and more than that on its left, `x^-2`.
    fn power(&mut self) -> Result<(), TieError> {
        self.atom()?;
        if self.peek() == Some('^') {
            self.nested(Self::signed)?;
            self.formula.steps.push(Step::Power);
        }
        Ok(())
    }

    /// Number, name, function or bracket.
    fn atom(&mut self) -> Result<(), TieError> {
        match self.peek() {
            Some('(') => self.bracket(),
            Some('{') => self.braced(),
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if starts_name(c) => self.name(),
            Some(c) => Err(self.wrong(self.at, format!("\"{c}\" means nothing here"))),
            None => {
                Err(self.wrong(self.at, "the formula ends where a number, a name or a bracket should stand".to_owned()))
            }
        }
    }

    fn bracket(&mut self) -> Result<(), TieError> {
        self.nested(Self::sum)?;
        match self.peek() {
            Some(')') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.unexpected()),
            None => Err(self.wrong(self.at, "a bracket is not closed".to_owned())),
        }
    }

    fn braced(&mut self) -> Result<(), TieError> {
        let begin = self.at;
        let name: String = self.chars[begin + 1..].iter().take_while(|&&c| c != '}').collect();
        self.at += name.chars().count() + 2;
        if self.at > self.chars.len() {
            return Err(self.wrong(begin, "a brace is not closed".to_owned()));
        }
        if name.is_empty() || name.contains('{') {
            return Err(self.wrong(begin, "a name is empty, or has a brace in it".to_owned()));
        }
        self.variable(name);
        Ok(())
    }

    fn number(&mut self) -> Result<(), TieError> {
        let begin = self.at;
        let text = self.take_while(|c| c.is_ascii_digit() || c == '.') + &self.exponent();
        let number: f64 = text.parse().map_err(|_| self.wrong(begin, format!("\"{text}\" is no number")))?;
        if !number.is_finite() {
            return Err(self.wrong(begin, format!("\"{text}\" is too large")));
        }
        self.formula.steps.push(Step::Number(number));
        Ok(())
    }

    /// `e-3`, where digits follow.
    fn exponent(&mut self) -> String {
        let begin = self.at;
        let mut text = String::new();
        if let Some(c) = self.chars.get(self.at).filter(|c| matches!(c, 'e' | 'E')) {
            text.push(*c);
            self.at += 1;
            text.extend(self.chars.get(self.at).filter(|c| matches!(c, '+' | '-')));
            self.at = begin + text.len();
            text += &self.take_while(|c| c.is_ascii_digit());
        }
        if text.ends_with(|c: char| c.is_ascii_digit()) {
            return text;
        }
        self.at = begin;
        String::new()
    }

    /// A parameter, `pi`, or a function and its bracket.
    fn name(&mut self) -> Result<(), TieError> {
        let begin = self.at;
        let name = self.take_while(in_name);
        if self.peek() == Some('(') {
            return self.call(begin, &name);
        }
        if name == "pi" {
            self.formula.steps.push(Step::Number(std::f64::consts::PI));
        } else {
            self.variable(name);
        }
        Ok(())
    }

    fn call(&mut self, begin: usize, name: &str) -> Result<(), TieError> {
        let known = FUNCTIONS.iter().find(|(function, ..)| *function == name);
        let function = *known.ok_or_else(|| self.wrong(begin, format!("there is no function {name}")))?;
        self.bracket()?;
        self.formula.steps.push(Step::Call(function));
        Ok(())
    }

    fn variable(&mut self, name: String) {
        let Formula { steps, variables } = &mut self.formula;
        let known = variables.iter().position(|other| *other == name);
        steps.push(Step::Variable(known.unwrap_or(variables.len())));
        if known.is_none() {
            variables.push(name);
        }
    }

    /// The part after a sign or opening bracket.
    fn nested(&mut self, part: Part<'a>) -> Result<(), TieError> {
        if self.depth == DEEPEST {
            return Err(self.wrong(self.at, format!("the formula is nested more than {DEEPEST} deep")));
        }
        self.at += 1;
        self.depth += 1;
        part(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn take_while(&mut self, keep: fn(char) -> bool) -> String {
        let text: String = self.chars[self.at..].iter().take_while(|&&c| keep(c)).collect();
        self.at += text.chars().count();
        text
    }

    /// The next sign after any spaces.
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    fn unexpected(&self) -> TieError {
        let found: String = self.chars[self.at..].iter().take(20).collect();
        self.wrong(self.at, format!("expected + - * / ^ or the end, found \"{found}\""))
    }

    fn wrong(&self, at: usize, problem: String) -> TieError {
        TieError::Formula { tie: self.tie.to_owned(), column: self.offset + at + 1, problem }
    }
}
