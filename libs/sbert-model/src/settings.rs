//! Settings of text preprocessing from the small files of a folder.

use crate::FolderError;
use crate::files::json_if_any;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The settings of text preprocessing.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// The maximum number of tokens, if the folder sets one.
    pub(crate) max_tokens: Option<usize>,
    /// True if texts are lowercased first.
    pub(crate) lower: bool,
    /// The files that were read.
    pub(crate) files: Vec<PathBuf>,
}

/// The settings of the Transformer module.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TransformerSettings {
    max_seq_length: Option<usize>,
    do_lower_case: bool,
    transformer_task: Option<String>,
    module_output_name: Option<String>,
    #[serde(alias = "processor_kwargs")]
    tokenizer_args: TokenizerSettings,
    #[serde(alias = "config_kwargs")]
    config_args: BTreeMap<String, Value>,
}

/// The settings of the tokenizer. A limit of 1e30 means that there is none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TokenizerSettings {
    model_max_length: Option<f64>,
}

/// The settings of the model as a whole.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptSettings {
    prompts: BTreeMap<String, Option<String>>,
    default_prompt_name: Option<String>,
}

/// The names of the module's file; older folders name it after the architecture.
const NAMES: [&str; 4] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_xlm-roberta_config.json",
];

/// Arguments that affect only the loading of a model, not its shape.
const LOADING_ARGUMENTS: [&str; 4] =
    ["trust_remote_code", "revision", "code_revision", "use_cache"];

impl Settings {
    /// Reads the settings of the model's folder and its transformer's.
    pub(crate) fn read(folder: &Path, transformer: &Path) -> Result<Self, FolderError> {
        let mut files = vec![folder.join("config_sentence_transformers.json")];
        refuse_prompt(&files[0])?;
        let module = NAMES.iter().map(|name| transformer.join(name)).find(|path| path.exists());
        let module = module.unwrap_or_else(|| transformer.join(NAMES[0]));
        let settings: TransformerSettings = json_if_any(&module)?;
        settings.check(&module)?;
        let tokenizer = transformer.join("tokenizer_config.json");
        let TokenizerSettings { model_max_length } = json_if_any(&tokenizer)?;
        files.extend([module, tokenizer]);
        files.retain(|path| path.exists());
        let length = settings.tokenizer_args.model_max_length.or(model_max_length);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        let length = length.map(|length| length as usize);
        let max_tokens = settings.max_seq_length.or(length);
        Ok(Self { max_tokens, lower: settings.do_lower_case, files })
    }
}

impl TransformerSettings {
    /// Rejects settings that change the computation.
    fn check(&self, path: &Path) -> Result<(), FolderError> {
        let task = self.transformer_task.as_deref().unwrap_or("feature-extraction");
        if task != "feature-extraction" {
            let what = format!("the transformer_task {task:?}");
            return Err(FolderError::unsupported(path, what, "\"feature-extraction\" is"));
        }
        let output = self.module_output_name.as_deref().unwrap_or("token_embeddings");
        if output != "token_embeddings" {
            let what = format!("the module_output_name {output:?}");
            return Err(FolderError::unsupported(path, what, "\"token_embeddings\" is"));
        }
        let changed =
            self.config_args.keys().find(|name| !LOADING_ARGUMENTS.contains(&name.as_str()));
        if let Some(name) = changed {
            let what = format!("a change of the configuration's {name} (config_args)");
            return Err(FolderError::unsupported(path, what, "change config.json itself"));
        }
        Ok(())
    }
}

/// Rejects a default prompt, which would change every embedding.
fn refuse_prompt(path: &Path) -> Result<(), FolderError> {
    let file: PromptSettings = json_if_any(path)?;
    let Some(name) = file.default_prompt_name else { return Ok(()) };
    match file.prompts.get(&name) {
        Some(Some(prompt)) if !prompt.is_empty() => {
            let what = format!("the prompt {name:?} before every text (default_prompt_name)");
            let remedy = "set it to null, and prepend the prompt to the texts yourself";
            Err(FolderError::unsupported(path, what, remedy))
        }
        _ => Ok(()),
    }
}
