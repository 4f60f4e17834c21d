# JSON of any shop: products, each with a list of its variants.
told by name, variants | title, variants
variants by product_id or id or handle or sku or name or title
variants in variants told by product_id, id, variant_id, sku

title = name
handle = item_group_id
options = attributes
variants.sku = sku
variants.gtin = gtin
variants.ean = gtin
variants.upc = gtin
variants.barcode = gtin
variants.mpn = mpn
variants.sale_price = discount_price
variants.discount_price = discount_price
variants.regular_price = actual_price
variants.compare_at_price = actual_price
variants.actual_price = actual_price
variants.price = actual_price
variants.currency = currency
variants.availability = availability
variants.stock_status = availability
variants.available = availability
variants.in_stock = availability
variants.inStock = availability
variants.stock = availability
variants.quantity = availability
variants.inventory_quantity = availability
variants.image = image
variants.image_url = image
variants.image_link = image
variants.images = image
variants.link = link
variants.url = link
variants.color = attributes.color
variants.colour = attributes.color
variants.size = attributes.size
variants.material = attributes.material
variants.attributes = attributes
variants.options = attributes
variants.option1 = attributes
variants.option2 = attributes
variants.option3 = attributes
