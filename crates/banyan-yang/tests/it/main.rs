//! What `banyan-yang` makes of published models.

mod corpus;
mod published;
mod shared;
