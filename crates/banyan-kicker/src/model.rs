//! Kickers as configured: read from a tree through the schema of `banyan-kicker`.
//!
//! Must not judge them; that is the business of [`crate::set`].

use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_data::{Content, Node, Tree, Value};
use banyan_yang::schema::{Schema, SchemaId};

/// The module that models kickers.
pub const MODULE: &str = "banyan-kicker";

/// Where the parts of the model are in one schema.
#[derive(Debug, Clone, Copy)]
pub struct KickerSchema {
    kickers: SchemaId,
    data_kicker: SchemaId,
    id: SchemaId,
    monitor: SchemaId,
    trigger_expr: SchemaId,
    trigger_type: SchemaId,
    variable: SchemaId,
    variable_name: SchemaId,
    variable_value: SchemaId,
    kick_node: SchemaId,
    action_name: SchemaId,
}

/// Which edges of the trigger expression kick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerType {
    /// Both.
    EnterAndLeave,
    /// From false to true.
    Enter,
}

/// A data kicker, as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKicker {
    /// Its key.
    pub id: String,
    /// The text of `monitor`.
    pub monitor: String,
    /// The text of `trigger-expr`.
    pub trigger_expr: Option<String>,
    /// `trigger-type`.
    pub trigger_type: TriggerType,
    /// Name and value expression of each variable.
    pub variables: Vec<(String, String)>,
    /// The text of `kick-node`.
    pub kick_node: String,
    /// `action-name`.
    pub action_name: String,
}

impl KickerSchema {
    /// Finds the model; `None` when the schema does not implement it.
    pub fn find(schema: &Schema) -> Option<KickerSchema> {
        let module = schema.module_by_name(MODULE)?;
        let child = |parent, name| schema.data_child(parent, module, name);
        let kickers = child(SchemaId::ROOT, "kickers")?;
        let data_kicker = child(kickers, "data-kicker")?;
        let variable = child(data_kicker, "variable")?;
        Some(KickerSchema {
            kickers,
            data_kicker,
            id: child(data_kicker, "id")?,
            monitor: child(data_kicker, "monitor")?,
            trigger_expr: child(data_kicker, "trigger-expr")?,
            trigger_type: child(data_kicker, "trigger-type")?,
            variable,
            variable_name: child(variable, "name")?,
            variable_value: child(variable, "value")?,
            kick_node: child(data_kicker, "kick-node")?,
            action_name: child(data_kicker, "action-name")?,
        })
    }

    /// The container of all kickers, if there is one: the same pointer means the same kickers.
    pub fn container<'t>(&self, tree: &'t Tree) -> Option<&'t Node> {
        match tree.root().get(self.kickers) {
            Some(Content::Container(node)) => Some(node),
            _ => None,
        }
    }

    /// All data kickers in key order.
    pub fn read(&self, tree: &Tree) -> Vec<DataKicker> {
        let Some(Content::List(list)) = self
            .container(tree)
            .and_then(|kickers| kickers.get(self.data_kicker))
        else {
            return Vec::new();
        };
        list.iter()
            .map(|entry| self.read_one(tree.schema(), entry))
            .collect()
    }

    fn read_one(&self, schema: &Schema, entry: &Node) -> DataKicker {
        let text = |id| text_of(entry, id);
        let mut variables = Vec::new();
        if let Some(Content::List(list)) = entry.get(self.variable) {
            for variable in list.iter() {
                let name = text_of(variable, self.variable_name).unwrap_or_default();
                let value = text_of(variable, self.variable_value).unwrap_or_default();
                variables.push((name, value));
            }
        }
        let enter = match entry.get(self.trigger_type) {
            Some(Content::Leaf(Value::Enum(value))) => {
                enum_name(schema, self.trigger_type, *value) == Some("enter")
            }
            _ => false,
        };
        DataKicker {
            id: text(self.id).unwrap_or_default(),
            monitor: text(self.monitor).unwrap_or_default(),
            trigger_expr: text(self.trigger_expr),
            trigger_type: if enter {
                TriggerType::Enter
            } else {
                TriggerType::EnterAndLeave
            },
            variables,
            kick_node: text(self.kick_node).unwrap_or_default(),
            action_name: text(self.action_name).unwrap_or_default(),
        }
    }

    /// The instance of the kicker called `id`, for error reports.
    pub fn path(&self, id: &str) -> InstancePath {
        InstancePath {
            steps: vec![
                PathStep {
                    node: self.kickers,
                    select: Select::None,
                },
                PathStep {
                    node: self.data_kicker,
                    select: Select::Keys(vec![Value::string(id)]),
                },
            ],
        }
    }
}

fn text_of(node: &Node, id: SchemaId) -> Option<String> {
    match node.get(id) {
        Some(Content::Leaf(value)) => value.as_str().map(str::to_owned),
        _ => None,
    }
}

fn enum_name(schema: &Schema, id: SchemaId, value: i32) -> Option<&str> {
    use banyan_yang::schema::TypeKind;
    let ty = schema.node(id).ty.as_ref()?;
    let TypeKind::Enumeration(items) = &ty.resolved().kind else {
        return None;
    };
    items
        .iter()
        .find(|item| item.value == value)
        .map(|item| &*item.name)
}
