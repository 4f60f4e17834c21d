use super::super::attribute_text::merge;
use akin_ports::FeedRow;

/// Fills what a variant leaves blank with what the first row of its product says. What identifies an article and
/// whether it can be bought is its own; the two prices belong together, and so do categories and pictures.
pub(super) fn complete(row: &mut FeedRow, first: &FeedRow) {
    let is_blank = |text: &String| text.trim().is_empty();
    if is_blank(&row.discount_price) && is_blank(&row.actual_price) {
        row.discount_price.clone_from(&first.discount_price);
        row.actual_price.clone_from(&first.actual_price);
    }
    if is_blank(&row.main_category) && is_blank(&row.sub_category) {
        row.main_category.clone_from(&first.main_category);
        row.sub_category.clone_from(&first.sub_category);
    }
    if is_blank(&row.image) {
        row.image.clone_from(&first.image);
        if is_blank(&row.images) {
            row.images.clone_from(&first.images);
        }
    }
    row.attributes = merge(&first.attributes, &row.attributes);
    for (own, first) in [
        (&mut row.name, &first.name),
        (&mut row.brand, &first.brand),
        (&mut row.description, &first.description),
        (&mut row.link, &first.link),
        (&mut row.ratings, &first.ratings),
        (&mut row.no_of_ratings, &first.no_of_ratings),
        (&mut row.currency, &first.currency),
        (&mut row.converted_by, &first.converted_by),
        (&mut row.item_group_id, &first.item_group_id),
    ] {
        if is_blank(own) {
            own.clone_from(first);
        }
    }
}
