//! What no single command shows: the tables' own rules, repetitions, views, events of others, and time.

mod calls;
mod constraints;
mod events;
mod time;
mod views;
