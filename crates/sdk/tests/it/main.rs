//! The SDK against hosts that a test makes up: what no honest host would answer.

mod answers;
mod nested;
mod scripted;
