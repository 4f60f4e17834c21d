# Shopify: the products that the admin exports as CSV. Each variant has a row; those behind the first repeat its handle.
told by Handle, Variant Price
variants by Handle with Variant SKU, Variant Price, Option1 Value
current price

Title = name
Body (HTML) = description
Vendor = brand
Product Category = main_category
Type = main_category
Image Src = image
Variant Image = image
Variant Price = discount_price
Variant Compare At Price = actual_price
Handle = attributes.group
Variant SKU = attributes.sku
Variant Barcode = attributes.gtin
Tags = attributes.tags
Status = attributes.status
Option1 Name : Option1 Value
Option2 Name : Option2 Value
Option3 Name : Option3 Value
Color (product.metafields.shopify.color-pattern) = attributes.color
ignore Default Title
