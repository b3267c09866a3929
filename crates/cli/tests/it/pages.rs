//! The pages of the project: README and the book in `docs`.

use std::fs;

use crate::jambox::root;

/// A page of Markdown.
pub struct Page {
    /// Path from the root of the checkout.
    pub path: String,
    /// Text of the page.
    pub text: String,
}

/// A fenced block.
pub struct Block {
    /// Text behind the opening fence.
    pub language: String,
    /// Content, each line without the fence's indentation.
    pub text: String,
    /// The number of the line with the opening fence.
    pub line: usize,
}

/// README and the pages of `docs`, in the order of their names.
pub fn all() -> Vec<Page> {
    let folder = fs::read_dir(root().join("docs")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut paths: Vec<String> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")).collect();
    paths.push("README.md".to_owned());
    paths.sort_unstable();
    paths.into_iter().map(|path| Page::read(&path)).collect()
}

impl Page {
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        Self { path: path.to_owned(), text }
    }

    /// The fenced blocks, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some((indentation, language)) = line.split_once("```") else { continue };
            if !indentation.trim().is_empty() {
                continue;
            }
            let inside = lines.by_ref().map(|(_, line)| line);
            let inside = inside.take_while(|line| line.trim() != "```");
            let text = inside
                .map(|line| line.strip_prefix(indentation).unwrap_or(line).to_owned() + "\n")
                .collect();
            blocks.push(Block { language: language.to_owned(), text, line: number + 1 });
        }
        blocks
    }

    /// The text without its fenced blocks.
    pub fn prose(&self) -> String {
        let mut inside = false;
        let lines = self.text.lines().filter(|line| {
            let is_fence = line.trim_start().starts_with("```");
            inside ^= is_fence;
            !inside && !is_fence
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
