# Shopify: /products.json of a shop.
told by body_html, vendor, variants
current price

title = name
body_html = description
vendor = brand
product_type = main_category
images = image
image = image
options = attributes
variants.price = discount_price
variants.compare_at_price = actual_price
variants.sku = attributes.sku
variants.barcode = attributes.gtin
handle = product_id
tags = attributes.tags
handle = attributes.group
