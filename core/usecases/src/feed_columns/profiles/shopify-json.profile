# Shopify: /products.json of a shop, and the products of its Admin API.
told by body_html, vendor, variants | handle, vendor, variants
variants by handle
variants in variants
current price

title = name
body_html = description
vendor = brand
product_type = main_category
images = image
image = image
images = images
variants.featured_image.src = image
variants.price = discount_price
variants.compare_at_price = actual_price
variants.sku = sku
variants.barcode = gtin
variants.available = availability
variants.inventory_quantity = availability if inventory_management, inventory_policy is deny
handle = item_group_id
tags = attributes.tags
options.1.name : variants.option1
options.2.name : variants.option2
options.3.name : variants.option3
ignore Default Title
