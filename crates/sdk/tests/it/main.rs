//! The SDK against hosts made up by a test: answers that no honest host would give.

mod answers;
mod nested;
mod scripted;
