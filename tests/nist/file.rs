//! Files of the NIST Statistical Reference Datasets, nonlinear regression.

/// One data set with its certified answer.
pub struct Dataset {
    pub name: &'static str,
    /// Two starts.
    pub starts: [Vec<f64>; 2],
    pub certified: Vec<f64>,
    pub certified_esd: Vec<f64>,
    pub certified_sum_of_squares: f64,
    /// Responses.
    pub y: Vec<f64>,
    /// Predictors, one vector per observation.
    pub x: Vec<Vec<f64>>,
}

impl Dataset {
    /// Reads the text of a `.dat` file.
    pub fn read(name: &'static str, text: &str) -> Self {
        let table: Vec<Vec<f64>> = text.lines().filter_map(parameter_line).collect();
        let rows: Vec<Vec<f64>> =
            text.lines().skip_while(|line| !is_data_title(line)).skip(1).filter_map(numbers).collect();
        let column = |k: usize| table.iter().map(|row| row[k]).collect::<Vec<_>>();
        let dataset = Self {
            name,
            starts: [column(0), column(1)],
            certified: column(2),
            certified_esd: column(3),
            certified_sum_of_squares: after(text, "Residual Sum of Squares:"),
            y: rows.iter().map(|row| row[0]).collect(),
            x: rows.iter().map(|row| row[1..].to_vec()).collect(),
        };
        assert_eq!(dataset.y.len(), after(text, "Number of Observations:") as usize, "{name}: observations");
        dataset
    }

    pub fn degrees_of_freedom(&self) -> f64 {
        (self.y.len() - self.certified.len()) as f64
    }
}

/// `b1 = 500 250 2.3894212918E+02 2.7070075241E+00`.
fn parameter_line(line: &str) -> Option<Vec<f64>> {
    let (name, values) = line.split_once('=')?;
    let name = name.trim().strip_prefix('b')?;
    name.parse::<usize>().ok()?;
    numbers(values).filter(|values| values.len() == 4)
}

/// The title of the table of data; the head of the file has a line `Data:  1 Response  (y)` too.
fn is_data_title(line: &str) -> bool {
    line.strip_prefix("Data:").is_some_and(|rest| rest.trim_start().starts_with('y'))
}

fn numbers(line: &str) -> Option<Vec<f64>> {
    let numbers: Vec<f64> = line.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    (!numbers.is_empty()).then_some(numbers)
}

fn after(text: &str, label: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(label)).unwrap_or_else(|| panic!("no line {label}"));
    line[label.len()..].trim().parse().unwrap_or_else(|_| panic!("no number in {line}"))
}
