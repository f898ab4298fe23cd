//! What `banyan-yang` makes of published models.

mod corpus;
mod shared;
