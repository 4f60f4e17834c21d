# WooCommerce: the products of its REST API, and their variations.
told by permalink, regular_price | regular_price, sku, categories | regular_price, stock_status
variants by id
variants in variations told by id

id = product_id
name = name
description = description
short_description = description
regular_price = actual_price
price = actual_price
sale_price = discount_price
categories = main_category
images = image
image = image
images = images
permalink = link
brands = brand
average_rating = ratings
rating_count = no_of_ratings
attributes = attributes
sku = sku
global_unique_id = gtin
stock_status = availability
parent_id = item_group_id unless 0
tags = attributes.tags
variations.id = product_id
variations.regular_price = actual_price
variations.price = actual_price
variations.sale_price = discount_price
variations.description = description
variations.sku = sku
variations.global_unique_id = gtin
variations.stock_status = availability
variations.image = image
variations.permalink = link
variations.attributes = attributes
