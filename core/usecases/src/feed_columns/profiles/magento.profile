# Magento and Adobe Commerce: the export of products.
told by sku, attribute_set_code | sku, product_type, additional_attributes

sku = product_id
name = name
description = description
short_description = description
categories = main_category first of ","
base_image = image
additional_images = images
url_key = link
price = actual_price
special_price = discount_price
manufacturer = brand
additional_attributes = attributes
is_in_stock = availability
sku = sku
color = attributes.color
size = attributes.size
