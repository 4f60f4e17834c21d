# Google Merchant Center and Meta catalogs, as CSV, TSV or XML.
told by id, title, link, image_link | id, title, price, availability | id, title, image_link | id, title, item_group_id

id = product_id
title = name
description = description
link = link
image_link = image
additional_image_link = images
price = actual_price
sale_price = discount_price
brand = brand
product_type = main_category
google_product_category = main_category
fb_product_category =
availability = availability
item_group_id = item_group_id
gtin = gtin
mpn = mpn
condition = attributes.condition
color = attributes.color
size = attributes.size
gender = attributes.gender
age_group = attributes.age_group
material = attributes.material
pattern = attributes.pattern
