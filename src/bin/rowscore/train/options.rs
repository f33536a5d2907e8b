//! Which model is trained, and with which options: those that it does not have are refused.

use clap::ValueEnum;
use rowscore::model::{ClassWeights, Gamma, Kernel, Method, TrainOptions};
use rowscore::training::{Dataset, Grid, Task};

/// scikit-learn's defaults.
const DEGREE: u32 = 3;
const EPSILON: f64 = 0.1;
const NU: f64 = 0.5;
const ALPHA: f64 = 1.0;

/// An f64 has no more powers of ten above or below 1.
const MOST_TENS: usize = 308;

#[derive(clap::Args)]
pub(super) struct Options {
    /// What is trained
    #[arg(long, value_enum, default_value_t = ModelName::Svm)]
    model: ModelName,
    /// The function that compares two rows [default: rbf]
    #[arg(long, value_enum)]
    kernel: Option<KernelName>,
    /// How much a row on the wrong side of the margin costs, or an error [default: 1]
    #[arg(long, value_name = "C", conflicts_with = "grid")]
    c: Option<f64>,
    /// Inverse width of the kernel: a number, or `scale` for 1 / (features × variance) [default: scale]
    #[arg(long, value_name = "GAMMA", value_parser = gamma, conflicts_with = "grid")]
    gamma: Option<Gamma>,
    /// Exponent of the polynomial kernel [default: 3]
    #[arg(long, value_name = "N")]
    degree: Option<u32>,
    /// Constant term of the polynomial and the sigmoid kernel [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    coef0: Option<f64>,
    /// Whether a rare class counts as much as a frequent one (`balanced`) [default: equal]
    #[arg(long, value_enum)]
    class_weight: Option<WeightName>,
    /// Of a regression by support vectors: an error up to this costs nothing [default: 0.1]
    #[arg(long, value_name = "X")]
    epsilon: Option<f64>,
    /// Of one class: about this share of the rows is left outside [default: 0.5]
    #[arg(long, value_name = "SHARE")]
    nu: Option<f64>,
    /// Of `ridge`: how much the squares of the weights count [default: 1]
    #[arg(long, value_name = "X")]
    alpha: Option<f64>,
    /// Try each C with each gamma in a cross-validation, and train with the best pair
    #[arg(long)]
    pub(super) grid: bool,
    /// The values of C that the grid tries
    #[arg(long, value_name = "C,...", value_delimiter = ',', requires = "grid")]
    grid_c: Option<Vec<f64>>,
    /// The values of gamma that the grid tries
    #[arg(long, value_name = "GAMMA,...", value_delimiter = ',', value_parser = gamma, requires = "grid")]
    grid_gamma: Option<Vec<Gamma>>,
    /// The seed of all random choices
    #[arg(long, value_name = "S", default_value_t = TrainOptions::default().seed)]
    seed: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModelName {
    /// A support vector machine, by far not only for straight borders
    Svm,
    /// Logistic regression
    Logistic,
    /// Least squares
    Linear,
    /// Least squares with small weights
    Ridge,
    /// A linear support vector machine, without probabilities
    LinearSvc,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KernelName {
    Linear,
    Rbf,
    Polynomial,
    Sigmoid,
}

impl KernelName {
    const WITH_GAMMA: [Self; 3] = [Self::Rbf, Self::Polynomial, Self::Sigmoid];
    const WITH_DEGREE: [Self; 1] = [Self::Polynomial];
    const WITH_COEF0: [Self; 2] = [Self::Polynomial, Self::Sigmoid];

    /// As the option calls it.
    fn called(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Rbf => "rbf",
            Self::Polynomial => "polynomial",
            Self::Sigmoid => "sigmoid",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum WeightName {
    Equal,
    Balanced,
}

fn gamma(text: &str) -> Result<Gamma, String> {
    match (text, text.parse()) {
        ("scale", _) => Ok(Gamma::Scale),
        (_, Ok(value)) => Ok(Gamma::Value(value)),
        _ => Err("accepted: `scale` or a number above 0".into()),
    }
}

impl Options {
    /// The options of a training for `task`.
    ///
    /// # Errors
    /// When one was given that the model does not have.
    pub(super) fn of(&self, task: Task) -> Result<TrainOptions, String> {
        let method = self.method(task);
        self.refuse_unfit(method, task)?;
        if method.has_kernel() {
            self.refuse_other_kernels()?;
        }
        let usual = TrainOptions::default();
        let gamma = self.gamma.unwrap_or(Gamma::Scale);
        let coef0 = self.coef0.unwrap_or(0.0);
        Ok(TrainOptions {
            method,
            kernel: match self.kernel() {
                _ if !method.has_kernel() => Kernel::Linear,
                KernelName::Linear => Kernel::Linear,
                KernelName::Rbf => Kernel::Rbf { gamma },
                KernelName::Polynomial => Kernel::Polynomial { degree: self.degree.unwrap_or(DEGREE), gamma, coef0 },
                KernelName::Sigmoid => Kernel::Sigmoid { gamma, coef0 },
            },
            c: self.c.unwrap_or(usual.c),
            class_weights: match self.class_weight.unwrap_or(WeightName::Equal) {
                WeightName::Equal => ClassWeights::Equal,
                WeightName::Balanced => ClassWeights::Balanced,
            },
            seed: self.seed,
            ..usual
        })
    }

    fn kernel(&self) -> KernelName {
        self.kernel.unwrap_or(KernelName::Rbf)
    }

    /// Refuses options of other kernels than the one that is used.
    fn refuse_other_kernels(&self) -> Result<(), String> {
        let used = self.kernel();
        let given = [
            ("--gamma", self.gamma.is_some(), &KernelName::WITH_GAMMA[..]),
            ("--grid-gamma", self.grid_gamma.is_some(), &KernelName::WITH_GAMMA),
            ("--degree", self.degree.is_some(), &KernelName::WITH_DEGREE),
            ("--coef0", self.coef0.is_some(), &KernelName::WITH_COEF0),
        ];
        match given.iter().find(|(_, is_given, kernels)| *is_given && !kernels.contains(&used)) {
            None => Ok(()),
            Some((name, _, kernels)) => Err(format!(
                "{name} does not fit `--kernel {}`{}; it is for {}. Leave it out, or give another kernel",
                used.called(),
                if self.kernel.is_none() { ", which is the default" } else { "" },
                kernels.iter().map(|kernel| format!("`--kernel {}`", kernel.called())).collect::<Vec<_>>().join(", ")
            )),
        }
    }

    fn method(&self, task: Task) -> Method {
        match (self.model, task) {
            (ModelName::Svm, Task::Classification) => Method::Svc,
            (ModelName::Svm, Task::Regression) => Method::Svr { epsilon: self.epsilon.unwrap_or(EPSILON) },
            (ModelName::Svm, Task::OneClass) => Method::OneClass { nu: self.nu.unwrap_or(NU) },
            (ModelName::Logistic, _) => Method::Logistic,
            (ModelName::LinearSvc, _) => Method::LinearSvc,
            (ModelName::Linear, _) => Method::Linear,
            (ModelName::Ridge, _) => Method::Ridge { alpha: self.alpha.unwrap_or(ALPHA) },
        }
    }

    fn refuse_unfit(&self, method: Method, task: Task) -> Result<(), String> {
        let has_kernel = method.has_kernel();
        let has_c = !matches!(method, Method::Linear | Method::Ridge { .. } | Method::OneClass { .. });
        let given = [
            ("--kernel", self.kernel.is_some(), has_kernel),
            ("--gamma", self.gamma.is_some(), has_kernel),
            ("--degree", self.degree.is_some(), has_kernel),
            ("--coef0", self.coef0.is_some(), has_kernel),
            ("--c", self.c.is_some(), has_c),
            ("--class-weight", self.class_weight.is_some(), task == Task::Classification),
            ("--epsilon", self.epsilon.is_some(), matches!(method, Method::Svr { .. })),
            ("--nu", self.nu.is_some(), matches!(method, Method::OneClass { .. })),
            ("--alpha", self.alpha.is_some(), matches!(method, Method::Ridge { .. })),
            ("--grid", self.grid, has_c),
            ("--grid-gamma", self.grid_gamma.is_some(), has_kernel),
        ];
        let fitting: Vec<&str> = given.iter().filter(|(_, _, fits)| *fits).map(|(name, ..)| *name).collect();
        match given.iter().find(|(_, is_given, fits)| *is_given && !fits) {
            None => Ok(()),
            Some((name, ..)) => Err(format!(
                "{name} does not fit `--model {}` with `--task {}`, which takes {}",
                method.name(),
                task.name(),
                if fitting.is_empty() { "none of these options".to_owned() } else { fitting.join(", ") }
            )),
        }
    }

    /// The grid. Of a regression, C is in units of the label.
    pub(super) fn grid(&self, data: &Dataset) -> Grid {
        let mut usual = Grid::default();
        if let Some(deviation) = data.label_deviation().filter(|deviation| *deviation > 0.0) {
            // The power of ten below it.
            let grown = |unit: f64| if unit * 10.0 <= deviation { unit * 10.0 } else { unit };
            let shrunk = |unit: f64| if unit > deviation { unit / 10.0 } else { unit };
            let unit = (0..MOST_TENS).fold(1.0, |unit, _| shrunk(grown(unit)));
            usual.c.iter_mut().for_each(|c| *c *= unit);
        }
        Grid { c: self.grid_c.clone().unwrap_or(usual.c), gamma: self.grid_gamma.clone().unwrap_or(usual.gamma) }
    }

    /// How many candidates the grid has.
    pub(super) fn candidates(&self, data: &Dataset, options: &TrainOptions) -> usize {
        let grid = self.grid(data);
        let gammas = if options.kernel == Kernel::Linear { 1 } else { grid.gamma.len() };
        if self.grid { grid.c.len() * gammas } else { 0 }
    }
}
