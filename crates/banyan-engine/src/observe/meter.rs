//! What other crates count, among the metrics of the engine: it asks them, and knows nothing of what they do.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;

use super::metrics::seconds;

/// Somebody who has metrics ([`crate::engine::EngineBuilder::meter`]).
pub trait Meter: Send + Sync {
    /// Says what they are now. Called when somebody asks for metrics; blocking, and of little work.
    fn read(&self, readings: &mut Readings);
}

/// How long something took, each time; a histogram of seconds. Clones share it.
#[derive(Clone, Debug)]
pub struct Durations(Histogram);

impl Default for Durations {
    fn default() -> Self {
        Durations(seconds())
    }
}

impl Durations {
    /// It took so long once more.
    pub fn observe(&self, duration: Duration) {
        self.0.observe(duration.as_secs_f64());
    }
}

/// Labels of one reading: names and values.
pub type MeterLabels<'a> = &'a [(&'static str, &'a str)];

type OwnLabels = Vec<(Cow<'static, str>, String)>;

enum Value {
    Gauge(f64),
    Counter(u64),
    Durations(Durations),
}

impl Value {
    fn kind(&self) -> MetricType {
        match self {
            Value::Gauge(_) => MetricType::Gauge,
            Value::Counter(_) => MetricType::Counter,
            Value::Durations(_) => MetricType::Histogram,
        }
    }

    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        match self {
            Value::Gauge(value) => ConstGauge::new(*value).encode(encoder),
            Value::Counter(value) => ConstCounter::new(*value).encode(encoder),
            Value::Durations(Durations(histogram)) => histogram.encode(encoder),
        }
    }
}

struct Family {
    help: &'static str,
    readings: Vec<(OwnLabels, Value)>,
}

/// What meters say. Names are without the prefix `banyan_`, with the unit at the end, and counters without `_total`;
/// the first word is whose they are.
#[derive(Default)]
pub struct Readings(BTreeMap<&'static str, Family>);

impl Readings {
    /// A number that goes up and down.
    pub fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: MeterLabels<'_>,
        value: f64,
    ) {
        self.add(name, help, labels, Value::Gauge(value));
    }

    /// A number that only grows.
    pub fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: MeterLabels<'_>,
        value: u64,
    ) {
        self.add(name, help, labels, Value::Counter(value));
    }

    /// Durations, in seconds.
    pub fn durations(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: MeterLabels<'_>,
        value: &Durations,
    ) {
        self.add(name, help, labels, Value::Durations(value.clone()));
    }

    fn add(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: MeterLabels<'_>,
        value: Value,
    ) {
        let family = self.0.entry(name).or_insert_with(|| Family {
            help,
            readings: Vec::new(),
        });
        let labels = labels
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), (*value).to_owned()))
            .collect();
        family.readings.push((labels, value));
    }
}

/// All meters of an engine.
pub(super) struct Meters(pub Vec<Arc<dyn Meter>>);

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Meters({})", self.0.len())
    }
}

impl Collector for Meters {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut readings = Readings::default();
        for meter in &self.0 {
            meter.read(&mut readings);
        }
        for (name, Family { help, readings }) in &readings.0 {
            let Some((_, first)) = readings.first() else {
                continue;
            };
            let kind = first.kind();
            let help = format!("{help}.");
            let mut family = encoder.encode_descriptor(name, &help, None, kind)?;
            for (labels, value) in readings {
                value.encode(family.encode_family(labels)?)?;
            }
        }
        Ok(())
    }
}
