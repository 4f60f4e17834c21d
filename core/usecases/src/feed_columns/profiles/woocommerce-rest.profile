# WooCommerce: the products of its REST API.
told by permalink, regular_price | regular_price, sku, categories

id = product_id
name = name
description = description
short_description = description
regular_price = actual_price
price = actual_price
sale_price = discount_price
categories = main_category
images = image
permalink = link
brands = brand
average_rating = ratings
rating_count = no_of_ratings
attributes = attributes
sku = attributes.sku
global_unique_id = attributes.gtin
stock_status = attributes.availability
tags = attributes.tags
